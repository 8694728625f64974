local quota = require "certstat.emulator.quota"

describe("the emulator's quotas", function()
  it("are one for each account", function()
    local quotas = quota.new { rate = 2, window_us = 1000000 }
    assert.is_true(quotas:take("a", 0))
    assert.is_true(quotas:take("a", 0))
    assert.same({ false, 1000 }, { quotas:take("a", 0) })
    assert.is_true(quotas:take("b", 0))
    assert.is_true(quotas:take("a", 1000000))
  end)
end)
