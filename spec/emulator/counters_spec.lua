local cjson = require("cjson").new()
local counters = require "certstat.emulator.counters"

describe("the emulator's counters", function()
  it("begin with nothing", function()
    assert.equal('{"calls":0,"serials":0,"handshakes":0,"codes":{},"faults":{}}', counters.new():json())
  end)

  it("count calls, serials, refusals, handshakes and faults", function()
    local one = counters.new()
    one:call { serials = 50 }
    one:call { serials = 2, code = "Throttling.User" }
    one:call { code = "Throttling.User" }
    one:handshake()
    one:chosen { { kind = "latency" }, { kind = "endless" } }
    one:chosen { { kind = "latency" } }
    assert.same({
      calls = 3, serials = 52, handshakes = 1, codes = { ["Throttling.User"] = 2 },
      faults = { latency = 2, endless = 1 },
    }, cjson.decode(one:json()))
  end)
end)
