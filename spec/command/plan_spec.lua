local fake = require "spec.command.fake"
local plan = require "certstat.command.plan"

describe("certstat plan", function()
  it("says what a million serials cost", function()
    local code, out, err = fake.run { "plan", "--serials", "1000000" }
    assert.equal([[
serials    1,000,000
calls      20,000, of 50 serials at most
time       36 min 39 s, at 9.09 calls a second (10 in any second, and 100 ms of guard)
quota      91 % of the account's while it runs, 2.3 % of a day's
freshness  36 min 40 s at best, for a gate that has the whole quota
]], out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("takes batch, rate and guard", function()
    local _, out = fake.run { "plan", "--serials", "1001", "--batch", "1", "--qps", "100", "--guard", "0" }
    assert.equal([[
serials    1,001
calls      1,001, of 1 serial at most
time       10.0 s, at 100 calls a second (100 in any second, and 0 ms of guard)
quota      100 % of the account's while it runs, 0.012 % of a day's
freshness  10.0 s at best, for a gate that has the whole quota
]], out)
  end)

  -- calls leave in groups of `qps`, a group each window
  local cases = {
    { { 1, 50, 10, 0.1 }, 1, 0 },
    { { 500, 50, 10, 0.1 }, 10, 0 },
    { { 501, 50, 10, 0.1 }, 11, 1.1 },
    { { 1000, 50, 10, 0.1 }, 20, 1.1 },
    { { 1001, 50, 10, 0.1 }, 21, 2.2 },
    { { 1000000, 1, 10, 0 }, 1000000, 99999 },
    { { 1000000, 100, 10, 0 }, 10000, 999 },
  }
  for _, case in ipairs(cases) do
    it(("counts %d calls for %d serials at %d"):format(case[2], case[1][1], case[1][2]), function()
      local result = plan.of(case[1][1], case[1][2], case[1][3], case[1][4])
      assert.equal(case[2], result.calls)
      assert.is_true(math.abs(case[3] - result.seconds) < 1e-6)
    end)
  end

  it("needs to know how many", function()
    local code, out, err = fake.run { "plan" }
    assert.equal("certstat: missing option '--serials' (see certstat plan --help)\n", err)
    assert.equal("", out)
    assert.equal(4, code)
    code, out, err = fake.run { "plan", "--serials", "many" }
    assert.equal("certstat: --serials: expected a whole number from 1 to 1000000000000, found 'many'"
      .. " (see certstat plan --help)\n", err)
    assert.equal("", out)
    assert.equal(4, code)
  end)
end)
