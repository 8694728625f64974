local forms = require "certstat.command.doctor.probe.forms"

local KNOWN, ANSWERS = {}, {}
for i, key in ipairs { "b67e53eb", "0a1b2c3d", "c0ffee01", "084bde9c", "d15ea5e0" } do
  KNOWN[i] = { key = key, wire = key }
  ANSWERS[key] = { status = i % 2 == 0 and "revoked" or "good" }
end

describe("the forms of serials", function()
  local asked

  -- understands(wire): whether the service knows it; refuses(wires): whether it refuses the call; left: calls
  local function row(understands, refuses, known, left)
    asked = {}
    local found = forms.row({
      stopped = left == 0 and "throttled" or nil,
      status = function(_, wires)
        if left and #asked >= left then return nil, false end
        asked[#asked + 1] = table.concat(wires, ",")
        if refuses(wires) then return nil, true end
        local answers = {}
        for _, wire in ipairs(wires) do
          local key = require("certstat.core").serial(wire)
          answers[key] = { status = understands(wire) and ANSWERS[key].status or "unknown" }
        end
        return answers
      end,
    }, known or KNOWN, ANSWERS)
    return { found.check, found.status, found.message, found.class }
  end

  local function is_plain(wire) return wire:find("^[%da-f]+$") and #wire == 8 end
  local function never() return false end
  local function always() return true end

  it("are tried together, each with a serial of its own", function()
    assert.same({ "serials", "ok", "understood: lower case, upper case, no leading zero, one more zero pair, colons; "
      .. "not understood: none; not tried: none; certstat asks in lower case" }, row(always, never))
    assert.same({ "a1b2c3d,b67e53eb,C0FFEE01,00084bde9c,d1:5e:a5:e0" }, asked)
    assert.same({ "serials", "ok", "understood: lower case; not understood: upper case, no leading zero, one more zero "
      .. "pair, colons; not tried: none; certstat asks in lower case" }, row(is_plain, never))
  end)

  it("are tried without colons where the call is refused", function()
    assert.same({ "serials", "ok", "understood: lower case, upper case, no leading zero, one more zero pair; not "
      .. "understood: colons; not tried: none; certstat asks in lower case" }, row(always, function(wires)
      return table.concat(wires):find(":") ~= nil
    end))
    assert.equal(2, #asked)
  end)

  it("are tried one by one where that is refused, too", function()
    assert.same({ "serials", "ok", "understood: lower case, no leading zero; not understood: upper case, one more zero "
      .. "pair, colons; not tried: none; certstat asks in lower case" }, row(always, function(wires)
      local all = table.concat(wires, ",")
      return all:find("[:%u]") ~= nil or all:find("00%x") ~= nil and #wires == 1
    end))
    assert.equal(7, #asked)
  end)

  it("are a failure where certstat's own is not understood", function()
    assert.same({ "serials", "failed", "understood: upper case; not understood: lower case, no leading zero, one more "
      .. "zero pair, colons; not tried: none; certstat asks in lower case, but for what the service itself lists",
      "protocol" }, row(function(wire) return wire:find("^[%u%d]+$") and wire:find("%u") end, never))
  end)

  it("are not tried with what can't show them, or is not known to be good or revoked", function()
    assert.equal("understood: lower case; not understood: none; not tried: upper case, no leading zero, one more zero "
      .. "pair, colons; certstat asks in lower case", row(always, never, { { key = "b67e53eb" }, { key = "aa" } })[3])
    assert.same({ "serials", "skipped", "no serial is known to be good or revoked" }, row(always, never, {}))
  end)

  it("are not known where the calls end", function()
    assert.same({ "serials", "skipped", "throttled" }, row(always, never, nil, 0))
    assert.same({ "serials", "skipped", "there are no calls left" }, row(always, always, nil, 1))
  end)
end)
