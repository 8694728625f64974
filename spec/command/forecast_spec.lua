local forecast = require "certstat.command.forecast"

describe("command.forecast", function()
  -- calls leave in groups of `qps`, a group each window
  local cases = {
    { { 0, 0, 10, 0.1 }, 0, 0 },
    { { 1, 0, 10, 0.1 }, 1, 0 },
    { { 10, 0, 10, 0.1 }, 10, 0 },
    { { 11, 0, 10, 0.1 }, 11, 1.1 },
    { { 20, 0, 10, 0.1 }, 20, 1.1 },
    { { 21, 0, 10, 0.1 }, 21, 2.2 },
    { { 1, 20, 10, 0.1 }, 21, 2.2 },
    { { 1000000, 0, 10, 0 }, 1000000, 99999 },
    { { 10000, 0, 10, 0 }, 10000, 999 },
  }
  for _, case in ipairs(cases) do
    it(("knows how long %d and %d calls take"):format(case[1][1], case[1][2]), function()
      local cost = forecast.of(case[1][1], case[1][2], case[1][3], case[1][4])
      assert.equal(case[2], cost.calls)
      assert.is_true(math.abs(case[3] - cost.seconds) < 1e-6)
    end)
  end

  it("has nobody ask again and again for what a list has", function()
    local without, with = forecast.of(100, 0, 10, 0.1), forecast.of(100, 50, 10, 0.1)
    assert.is_true(math.abs(without.cycle - 11) < 1e-6)
    assert.equal(without.cycle, with.cycle)
    assert.is_true(math.abs(with.rate - 10 / 1.1) < 1e-6)
  end)
end)
