local cjson = require("cjson").new()
local counters = require "certstat.emulator.counters"

describe("the emulator's counters", function()
  it("begin with nothing", function()
    assert.equal('{"calls":0,"serials":0,"handshakes":0,"turns":0,"long_turns":0,"longest_turn_us":0,"codes":{},'
      .. '"faults":{}}', counters.new():json())
  end)

  it("count calls, serials, refusals, handshakes, turns and faults", function()
    local one = counters.new()
    one:call { serials = 50 }
    one:call { serials = 2, code = "Throttling.User" }
    one:call { code = "Throttling.User" }
    one:handshake()
    for _, ns in ipairs { 400000, 1000000, 1500000, 2 } do one:turn(ns) end
    one:chosen { { kind = "latency" }, { kind = "endless" } }
    one:chosen { { kind = "latency" } }
    assert.same({
      calls = 3, serials = 52, handshakes = 1, turns = 4, long_turns = 1, longest_turn_us = 1500,
      codes = { ["Throttling.User"] = 2 }, faults = { latency = 2, endless = 1 },
    }, cjson.decode(one:json()))
  end)
end)
