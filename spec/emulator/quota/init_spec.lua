local quota = require "certstat.emulator.quota"

local function new(rates, window)
  return quota.new { rate = 2, rates = rates, window_us = 1000000, switches = { window = window or "sliding" } }
end

describe("the emulator's quotas", function()
  it("are one for each account", function()
    local quotas = new()
    assert.is_true(quotas:take("a", "Get", 0))
    assert.is_true(quotas:take("a", "List", 0))
    assert.same({ false, 1000, 2 }, { quotas:take("a", "Get", 0) })
    assert.is_true(quotas:take("b", "Get", 0))
    assert.is_true(quotas:take("a", "Get", 1000000))
  end)

  it("are one for each operation of an account that has a rate of its own", function()
    local quotas = new { List = 1 }
    assert.is_true(quotas:take("a", "List", 0))
    assert.same({ false, 1000, 1 }, { quotas:take("a", "List", 0) })
    assert.is_true(quotas:take("b", "List", 0))
    assert.is_true(quotas:take("a", "Get", 0))
    assert.is_true(quotas:take("a", "Other", 0))
    assert.same({ false, 1000, 2 }, { quotas:take("a", "Get", 0) })
  end)

  it("are of the window that the switches say, also where that changes", function()
    local quotas = new(nil, "fixed")
    assert.is_true(quotas:take("a", "Get", 900000))
    assert.is_true(quotas:take("a", "Get", 900000))
    assert.is_true(quotas:take("a", "Get", 1000000))
    assert.is_true(quotas:take("a", "Get", 1000000))
    quotas.switches.window = "sliding"
    assert.is_true(quotas:take("a", "Get", 1900000))
    assert.is_true(quotas:take("a", "Get", 1900000))
    assert.same({ false, 900, 2 }, { quotas:take("a", "Get", 2000000) })
  end)
end)
