-- The quota's rule is tested in spec/c/core/quota_test.c; this is about the binding, on every Lua's numbers.
local core = require "certstat.core"

local S = 1000000000
local START = 1000 * S
local HOLD = 250000000

describe("core.quota", function()
  local quota

  before_each(function() quota = core.quota { rate = 2, window_ns = S, guard_ns = S / 10 } end)

  it("gives permits, and then the time to wait", function()
    local wait, permit = quota:take("gate", START, HOLD)
    assert.equal(0, wait)
    assert.is_true(permit >= START + HOLD and permit < START + HOLD + 2048)
    assert.same({ 0 }, { (quota:take("gate", START, HOLD)) })
    assert.equal(1, select("#", quota:take("gate", START, HOLD)))
    assert.is_true(quota:take("gate", START, HOLD) >= S + S / 10 + HOLD)
  end)

  it("corrects a booking to when the call left", function()
    for _ = 1, 2 do
      local _, permit = quota:take("gate", START, HOLD)
      quota:sent(permit, START + 5)
    end
    assert.equal(S + S / 10 + 5, (quota:take("gate", START, HOLD)))
  end)

  it("takes a permit back", function()
    local _, first = quota:take("gate", START, HOLD)
    local _, second = quota:take("gate", START, HOLD)
    assert.not_equal(first, second)
    quota:give_back(first)
    assert.equal(0, (quota:take("gate", START, HOLD)))
    assert.is_true(quota:take("gate", START, HOLD) > 0)
  end)

  -- After 2^53 ns of uptime, 104 days, a double counts in steps of 2, then 4, … nanoseconds: a permit must still be
  -- found by the number that Lua holds.
  it("knows its permits at any uptime", function()
    for power = 52, 61 do
      local now = 2 ^ power + 2 ^ (power - 52)
      for hold = HOLD, HOLD + 7 do
        local one = core.quota { rate = 1, window_ns = S, guard_ns = 0 }
        local wait, permit = one:take("gate", now, hold)
        assert.equal(0, wait)
        one:give_back(permit)
        assert.equal(0, (one:take("gate", now, hold)))
      end
    end
  end)

  it("pauses", function()
    quota:pause(START + 5 * S, START)
    assert.equal(5 * S, (quota:take("audit", START, HOLD)))
    assert.equal(0, (quota:take("audit", START + 5 * S, HOLD)))
  end)

  it("has defaults: ten calls a second", function()
    quota = core.quota {}
    for _ = 1, 10 do assert.equal(0, (quota:take("audit", START, 0))) end
    assert.is_true(quota:take("audit", START, 0) > S)
  end)

  it("keeps retries within a budget", function()
    for _ = 1, 10 do assert.equal(0, quota:retry(START)) end
    assert.equal(2 * S, quota:retry(START, 0))
    assert.equal(2 * S, quota:retry(START, 2 * S))
    assert.equal(4 * S, quota:retry(START))
    for _ = 1, 30 do quota:reward(START) end
    assert.equal(0, quota:retry(START))
  end)

  it("shows what it has left", function()
    quota:take("gate", START, HOLD)
    assert.same({ rate = 2, free = 1, guard_ns = S / 10, paused_ns = 0 }, quota:look(START))
    quota:pause(START + 5 * S, START)
    assert.same({ rate = 2, free = 0, guard_ns = S / 10, paused_ns = 5 * S }, quota:look(START))
  end)

  it("raises on misuse", function()
    local rows = {
      { function() core.quota() end, "table expected, got n" },
      { function() core.quota { rate = 0 } end, "quota: expected a rate from 1 to 400$" },
      { function() core.quota { rate = 401 } end, "quota: expected a rate from 1 to 400$" },
      { function() core.quota { rate = "many" } end, "field 'rate': expected a number, found string$" },
      { function() core.quota { rate = 0 / 0 } end, "number out of range" },
      { function() core.quota { window_ns = 0 } end, "quota: expected a window and a guard of at most one day$" },
      { function() core.quota { window_ns = 86401 * S } end,
        "quota: expected a window and a guard of at most one day$" },
      { function() core.quota { guard_ns = -2 } end, "quota: expected a window and a guard of at most one day$" },
      { function() core.quota { guard_ns = 86401 * S } end,
        "quota: expected a window and a guard of at most one day$" },
      { function() quota:take("fast", START, HOLD) end, "invalid option 'fast'" },
      { function() quota:take("gate", "now", HOLD) end, "number expected, got string" },
      { function() quota:take("gate", START) end, "number expected, got n" },
      { function() quota:take("gate", START, -1) end, "expected at most an hour" },
      { function() quota:take("gate", START, 3601 * S) end, "expected at most an hour" },
      { function() quota:take("gate", -1, HOLD) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() quota:pause(2 ^ 63, START) end, "out of range" },
      { function() quota.take(core.engine { seed = "" }, "gate", START, HOLD) end, "certstat.quota expected" },
    }
    for _, row in ipairs(rows) do
      assert.error_matches(row[1], row[2])
    end
  end)

  it("is used like one in a file, and has nothing to close", function()
    assert.is_true(quota:flush(START))
    quota:replied(START, START + S)
    quota:close()
    quota:close()
    assert.equal(0, (quota:take("gate", START, HOLD)))
    assert.is_false(getmetatable(quota))
  end)
end)
