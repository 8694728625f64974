local quota = require "certstat.emulator.quota"

local function new(window)
  return quota.new { rate = 2, window_us = 1000000, switches = { window = window or "sliding" } }
end

describe("the emulator's quotas", function()
  it("are one for each account", function()
    local quotas = new()
    assert.is_true(quotas:take("a", 0))
    assert.is_true(quotas:take("a", 0))
    assert.same({ false, 1000, 2 }, { quotas:take("a", 0) })
    assert.is_true(quotas:take("b", 0))
    assert.is_true(quotas:take("a", 1000000))
  end)

  it("are of the window that the switches say, also where that changes", function()
    local quotas = new("fixed")
    assert.is_true(quotas:take("a", 900000))
    assert.is_true(quotas:take("a", 900000))
    assert.is_true(quotas:take("a", 1000000))
    assert.is_true(quotas:take("a", 1000000))
    quotas.switches.window = "sliding"
    assert.is_true(quotas:take("a", 1900000))
    assert.is_true(quotas:take("a", 1900000))
    assert.same({ false, 900, 2 }, { quotas:take("a", 2000000) })
  end)
end)
