local random = require "certstat.emulator.faults.random"

describe("random numbers of faults", function()
  it("are the generator's own", function()
    -- the check value of the multiplier 48271: from 1, the 10,000th number is 399268537 (ISO C++ 26.6.5, minstd_rand)
    local generator = random.new(0)
    for _ = 5, 10000 do generator:next() end
    assert.equal(399268537, generator.state)
  end)

  it("are the same again for a seed, and others for another", function()
    local a, b, c = random.new(7), random.new(7), random.new(8)
    for _ = 1, 100 do
      local number = a:next()
      assert.equal(number, b:next())
      assert.is_true(number > 0 and number < 1)
      assert.are_not.equal(number, c:next())
    end
  end)

  local function mean(distribution, middle)
    local generator, drawn, sum = random.new(1), {}, 0
    for i = 1, 4001 do
      drawn[i] = generator:draw(distribution)
      sum = sum + drawn[i]
    end
    table.sort(drawn)
    return middle and drawn[2001] or sum / 4001, drawn[1], drawn[4001]
  end

  it("follow each distribution", function()
    assert.equal(50, (mean(50)))
    local uniform, least, most = mean { uniform = { 10, 30 } }
    assert.is_true(math.abs(uniform - 20) < 0.5 and least >= 10 and most <= 30 and most - least > 19)
    assert.is_true(math.abs(mean { exponential = 100 } - 100) < 5)
    local median, first, last = mean({ lognormal = { 100, 1 } }, true)
    assert.is_true(math.abs(median - 100) < 5 and first > 0 and last > 1500)
  end)
end)
