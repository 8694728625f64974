local fixed = require "certstat.emulator.quota.fixed"

local MS = 1000

describe("a fixed window", function()
  it("accepts `rate` calls from each whole second on, to the microsecond", function()
    local q = fixed.new(3, 1000 * MS)
    for _, step in ipairs {
      { 5900 * MS, true }, { 5900 * MS, true }, { 5999 * MS, true }, { 5999 * MS, false, 1 },
      { 5999999, false, 1 }, { 6000 * MS, true }, { 6001 * MS, true }, { 6001 * MS, true },
      { 6400 * MS, false, 600 }, { 9000 * MS, true },
    } do
      local ok, retry_after_ms = q:take(step[1])
      assert.same({ step[1], step[2], step[3] }, { step[1], ok, retry_after_ms })
    end
  end)

  it("is no sliding window: a burst at its end and one at the next beginning are two", function()
    local q, accepted = fixed.new(10, 1000 * MS), 0
    for i = 0, 19 do if q:take(900 * MS + i) then accepted = accepted + 1 end end
    for i = 0, 19 do if q:take(1000 * MS + i) then accepted = accepted + 1 end end
    assert.equal(20, accepted)
  end)

  it("judges a call that arrived earlier than one already accepted by its own time", function()
    local q = fixed.new(2, 1000 * MS)
    assert.is_true(q:take(4900 * MS))
    assert.is_true(q:take(5000 * MS))
    assert.is_true(q:take(4950 * MS))
    assert.same({ false, 50 }, { q:take(4950 * MS) })
    assert.is_true(q:take(5001 * MS))
    assert.same({ false, 1 }, { q:take(3999 * MS) })
    assert.is_true(q:take(7000 * MS))
    assert.same({ false, 1 }, { q:take(5999 * MS) })
    assert.is_true(q:take(6000 * MS))
    assert.is_true(q:take(6000 * MS))
    assert.is_false((q:take(6000 * MS)))
  end)
end)
