local summary = require "certstat.command.summary"

describe("command.summary", function()
  it("counts rows by status, in the order asked for, and leaves out what there is none of", function()
    assert.equal("1,028 serials: 939 good, 61 revoked, 28 absent\n", summary.rows("serial",
      { revoked = 61, good = 939, absent = 28, error = 0 }, { "good", "revoked", "unknown", "absent", "error" }))
    assert.equal("1 serial: 1 good\n", summary.rows("serial", { good = 1 }, { "good" }))
    assert.equal("0 serials\n", summary.rows("serial", {}, { "good" }))
  end)

  it("says what it cost", function()
    local function cost(calls, asked_calls, serials, throttled, retries, seconds)
      return summary.calls({ calls = calls, throttled = throttled, retries = retries },
        { calls = asked_calls, serials = serials }, seconds)
    end
    assert.equal("21 calls, 48.8 serials a call, 0 throttled, 1 retry, 2.1 s\n", cost(21, 21, 1025, 0, 1, 2.13))
    assert.equal("40 calls, 20 of them with 50.0 serials a call, 0 throttled, 0 retries, 3.8 s\n",
      cost(40, 20, 1000, 0, 0, 3.8))
    assert.equal("1 call, 2 throttled, 1,000 retries, 36 min 39 s\n", cost(1, 0, 0, 2, 1000, 2199))
    assert.equal("0 calls, 0 throttled, 0 retries, 0.0 s\n", cost(0, 0, 0, 0, 0, 0))
  end)
end)
