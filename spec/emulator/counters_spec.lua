local cjson = require("cjson").new()
local counters = require "certstat.emulator.counters"

describe("the emulator's counters", function()
  it("begin with nothing", function()
    assert.equal('{"calls":0,"serials":0,"codes":{}}', counters.new():json())
  end)

  it("count calls, serials and refusals", function()
    local one = counters.new()
    one:call { serials = 50 }
    one:call { serials = 2, code = "Throttling.User" }
    one:call { code = "Throttling.User" }
    assert.same({ calls = 3, serials = 52, codes = { ["Throttling.User"] = 2 } }, cjson.decode(one:json()))
  end)
end)
