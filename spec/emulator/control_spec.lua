local cjson = require("cjson").new()
local control = require "certstat.emulator.control"
local counters = require "certstat.emulator.counters"
local faults = require "certstat.emulator.faults"
local switches = require "certstat.emulator.switches"

describe("the emulator's control", function()
  local one, counted, revoked, settings

  before_each(function()
    revoked, counted, settings = nil, counters.new(), switches.usual()
    one = control.new {
      faults = faults.new(), counters = counted, switches = settings,
      registry = {
        revoke = function(_, key, seconds)
          revoked = { key, seconds }
          return key == "0a" and 1 or 0
        end,
      },
    }
  end)

  local function ask(method, path, more)
    local request = { method = method, path = path, arguments = {}, body = "", now_s = 5, wall_s = 1800000000 }
    for name, value in pairs(more or {}) do request[name] = value end
    return one:answer(request)
  end

  it("shows the counters", function()
    counted:turn(400000)
    assert.same({ 200, '{"calls":0,"serials":0,"handshakes":0,"turns":1,"long_turns":0,"longest_turn_us":400,'
      .. '"codes":{},"faults":{}}' }, { ask("GET", "/counters") })
  end)

  it("adds, lists and removes faults", function()
    assert.same({ 200, '{"faults":[]}' }, { ask("GET", "/faults") })
    assert.same({ 200, '{"done":true}' }, { ask("POST", "/faults", { body = '{"faults":[{"fault":"endless"}]}' }) })
    assert.same({ 200, '{"done":true}' }, { ask("POST", "/faults", { body = '{"faults":[{"fault":"missing"}]}' }) })
    local _, text = ask("GET", "/faults")
    assert.same({ faults = {
      { given = { fault = "endless" }, seen = 0, hits = 0 }, { given = { fault = "missing" }, seen = 0, hits = 0 },
    } }, cjson.decode(text))
    assert.same({ 200, '{"done":true}' }, { ask("DELETE", "/faults") })
    assert.same({ 200, '{"faults":[]}' }, { ask("GET", "/faults") })
  end)

  it("counts the time of a fault from when it was added", function()
    local given = faults.new()
    one.faults = given
    ask("POST", "/faults", { body = '{"faults":[{"fault":"endless","from_s":2}]}' })
    assert.equal(0, #given:choose({}, 6.9))
    assert.equal(1, #given:choose({}, 7))
  end)

  it("shows and sets switches", function()
    local status, text = ask("GET", "/switches")
    assert.same({ 200, settings }, { status, cjson.decode(text) })
    assert.same({ 200, '{"done":true}' },
      { ask("POST", "/switches", { arguments = { order = "reversed", strangers = "absent" } }) })
    assert.same({ "reversed", "absent", "refused" }, { settings.order, settings.strangers, settings.malformed })
  end)

  it("sets no switch where one is wrong", function()
    local status, text = ask("POST", "/switches", { arguments = { order = "reversed", get = "perhaps" } })
    assert.same({ 400, { error = "switches: get: expected allowed or refused, found 'perhaps'" } },
      { status, cjson.decode(text) })
    assert.same({ 400 }, { (ask("POST", "/switches", { arguments = { order = { "asked", "reversed" } } })) })
    assert.same({ 400 }, { (ask("POST", "/switches", { arguments = { order = true } })) })
    assert.same(switches.usual(), settings)
  end)

  it("revokes", function()
    assert.same({ 200, '{"done":true}' }, { ask("POST", "/revocations", { arguments = { serial = "0A" } }) })
    assert.same({ "0a", 1800000000 }, revoked)
  end)

  for _, case in ipairs {
    { 400, "fault 1: expired: there is no TLS without --tls", "POST", "/faults",
      { body = '{"faults":[{"fault":"expired"}]}' } },
    { 400, "serial: expected a serial number", "POST", "/revocations" },
    { 400, "serial: expected a serial number", "POST", "/revocations", { arguments = { serial = "zz" } } },
    { 400, "serial: expected a serial number", "POST", "/revocations", { arguments = { serial = { "0a", "0b" } } } },
    { 404, "serial: there is no certificate 0b", "POST", "/revocations", { arguments = { serial = "0b" } } },
    { 404, "expected GET /counters, GET, POST or DELETE /faults, GET /switches, POST /switches?NAME=VALUE, "
      .. "or POST /revocations?serial=S", "GET", "/" },
  } do
    it(("answers %d: %s"):format(case[1], case[2]), function()
      local status, text = ask(case[3], case[4], case[5])
      assert.equal(case[1], status)
      assert.same({ error = case[2] }, cjson.decode(text))
    end)
  end
end)
