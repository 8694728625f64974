local summary = require "certstat.command.summary"

describe("command.summary", function()
  it("counts rows by status, in the order asked for, and leaves out what there is none of", function()
    assert.equal("1,028 serials: 939 good, 61 revoked, 28 absent\n", summary.rows("serial",
      { revoked = 61, good = 939, absent = 28, error = 0 }, { "good", "revoked", "unknown", "absent", "error" }))
    assert.equal("1 serial: 1 good\n", summary.rows("serial", { good = 1 }, { "good" }))
    assert.equal("0 serials\n", summary.rows("serial", {}, { "good" }))
  end)

  it("says what it cost", function()
    assert.equal("21 calls, 48.8 serials a call, 0 throttled, 1 retry, 2.1 s\n",
      summary.calls({ calls = 21, serials = 1025, throttled = 0, retries = 1 }, 2.13))
    assert.equal("1 call, 2 throttled, 1,000 retries, 36 min 39 s\n",
      summary.calls({ calls = 1, serials = 0, throttled = 2, retries = 1000 }, 2199))
    assert.equal("0 calls, 0 throttled, 0 retries, 0.0 s\n",
      summary.calls({ calls = 0, serials = 0, throttled = 0, retries = 0 }, 0))
  end)
end)
