local sliding = require "certstat.emulator.quota.sliding"

local MS = 1000

describe("a sliding window", function()
  it("accepts `rate` calls in any window, to the microsecond", function()
    local q = sliding.new(3, 1000 * MS)
    for _, step in ipairs {
      { 0, true }, { 100 * MS, true }, { 200 * MS, true },
      { 300 * MS, false, 700 }, { 999999, false, 1 },
      { 1000 * MS, true }, { 1000 * MS, false, 100 }, { 1100 * MS, true }, { 1200 * MS, true },
      { 1999999, false, 1 }, { 2000 * MS, true },
    } do
      local ok, retry_after_ms = q:take(step[1])
      assert.same({ step[1], step[2], step[3] }, { step[1], ok, retry_after_ms })
    end
  end)

  it("is no fixed window: a burst at its end and one at the next beginning are one burst", function()
    local q, accepted = sliding.new(10, 1000 * MS), 0
    for i = 0, 9 do if q:take(900 * MS + i) then accepted = accepted + 1 end end
    for i = 0, 9 do if q:take(1000 * MS + i) then accepted = accepted + 1 end end
    assert.equal(10, accepted)
  end)

  it("judges a call that arrived earlier than one already accepted by its own time", function()
    local q = sliding.new(2, 1000 * MS)
    assert.is_true(q:take(5000 * MS))
    assert.is_true(q:take(4100 * MS))
    assert.is_false((q:take(4500 * MS))) -- 4100, 4500, 5000: three within 900 ms
    assert.is_true(q:take(3900 * MS)) -- 3900 and 4100 within a window, 5000 outside it
    assert.is_false((q:take(4000 * MS)))
    assert.is_false((q:take(5050 * MS)))
    assert.is_true(q:take(5100 * MS))
  end)

  it("never lets more through than a count of its own over all windows", function()
    local seed = 7
    local function random(most)
      seed = (seed * 16807) % 2147483647
      return seed % most
    end
    local q, now, accepted = sliding.new(10, 1000 * MS), 0, {}
    for _ = 1, 5000 do
      now = now + random(150 * MS)
      local arrival = now - random(50 * MS)
      if q:take(arrival) then accepted[#accepted + 1] = arrival end
    end
    table.sort(accepted)
    for i = 11, #accepted do assert.is_true(accepted[i] - accepted[i - 10] >= 1000 * MS) end
    assert.is_true(#accepted > 3000)
    assert.is_true(q.last - q.first + 1 <= 20)
  end)
end)
