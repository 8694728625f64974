--- Servers that are slow, silent, reset the connection or lie, asked from nginx: each caller has what README's table
-- says, and the worker serves others meanwhile.
local cjson = require("cjson").new()
local emulator = require "spec.emulator.emulator"
local fault_table = require "spec.support.fault_table"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"
local rule = require "certstat.emulator.faults.rule"

local SECRET = "throw-away"
local SCRIPT = [[
local clients = {}
for id, options in pairs { {cases} } do
  options.credentials = { access_key_id = id, access_key_secret = "{secret}" }
  options.quota = certstat.quota { rate = 100 }
  clients[id] = open(options)
end
function ask(id)
  local rows, _, info = clients[id]:status { "0a1b", "0a1c", "0a1d" }
  ngx.print(questions.rows(rows or info.rows))
end
]]

local LOCATIONS = [[
  location = /ask { content_by_lua_block { ask(ngx.var.args) } }
  location = /lua { content_by_lua_block { ngx.print("pong") } }
]]

local SERIALS = { "0a1b", "0a1c", "0a1d" }

describe("in nginx", function()
  local folder, service, host, cases

  -- Each with an access key of its own, by which the emulator tells their calls apart.
  local function make_cases()
    cases = {}
    for _, case in ipairs(fault_table.read()) do
      if not rule.read(case.fault).handshake then
        cases[#cases + 1] = case
        case.id = ("row%d"):format(#cases)
        case.fault.access_key_id = case.id
      end
    end
    cases[#cases + 1] = { id = "slow", options = "", fault = { fault = "latency", ms = 2000, access_key_id = "slow" } }
    cases[#cases + 1] = { id = "silent", options = "--timeout 3",
      fault = { fault = "latency", ms = 60000, access_key_id = "silent" } }
  end

  setup(function()
    folder = files.folder()
    files.shell("mkdir " .. folder .. "/newcerts")
    files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n"
      .. "R\t391124041809Z\t251124041809Z,keyCompromise\t0A1C\tunknown\t/CN=y\n")
    make_cases()
    local keys, faults, options = {}, {}, {}
    for i, case in ipairs(cases) do
      keys[i], faults[i] = case.id .. ":" .. SECRET, case.fault
      options[i] = ("%s = { timeout = %s, batch = %s }"):format(case.id, case.options:match("%-%-timeout (%d+)") or 60,
        case.options:match("%-%-batch (%d+)") or 50)
    end
    files.write(folder .. "/keys", table.concat(keys, "\n"))
    files.write(folder .. "/faults", cjson.encode { faults = faults })
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000",
      "--access-key-file", folder .. "/keys", "--faults", folder .. "/faults" }
    host = nginx.start { service = service, script = SCRIPT, locations = LOCATIONS,
      values = { cases = table.concat(options, ", "), secret = SECRET } }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  -- The rows of a case, and those that were told, without their times of revocation.
  local function rows_of(case)
    local lines = {}
    for i, serial in ipairs(SERIALS) do
      local status = fault_table.status(case, i)
      local why = status == "error" and case.class .. " " .. case.code or "- -"
      lines[i] = ("%s %s %s %s\n"):format(serial, serial, status, why)
    end
    return table.concat(lines)
  end

  local function timeless(rows) return (rows:gsub("(%w+ %w+ %l+) %S+", "%1")) end

  -- As soon as the call of `id` has arrived at the emulator, others are asked: it is still under way when they have
  -- their answers.
  local function ask_meanwhile(id)
    local before = emulator.hits(service)
    local asked = live.ask_later(host, "/ask?" .. id)
    live.await(function() return emulator.hits(service) > before end)
    assert.are.equal(("pong"):rep(20), live.ask(host, "/{ping,lua}?[1-10]"))
    assert.is_true(live.is_pending(asked))
    return timeless(live.answer(asked))
  end

  it("waits for a slow server, and serves others", function()
    assert.are.equal(rows_of { rows = "right" }, ask_meanwhile "slow")
  end)

  it("gives up a silent one, and serves others", function()
    assert.are.equal(rows_of { rows = "error", class = "deadline", code = "NoReply" }, ask_meanwhile "silent")
  end)

  it("has the outcomes of README's table, all at once", function()
    local paths, expected = {}, {}
    for i, case in ipairs(cases) do
      if case.rows then
        paths[i], expected[i] = "/ask?" .. case.id, case.name .. "\n" .. rows_of(case)
      end
    end
    local told = live.ask_all(host, paths)
    for i, body in ipairs(told) do told[i] = cases[i].name .. "\n" .. timeless(body) end
    assert.is_true(#told > 30)
    assert.are.same(expected, told)
  end)
end)
