local judge = require "spec.soak.judge"

describe("the judge of the soak tests", function()
  local SECOND_US = 1000000
  local BEGAN_US = 1767323045 * SECOND_US
  local FIRST_US = BEGAN_US + 1350000

  -- ten calls at once, each 1.1 seconds, from the first one on for so many seconds
  local function bursts(seconds)
    local arrivals = {}
    for burst = 0, math.floor(seconds / 1.1) do
      for i = 1, 10 do arrivals[#arrivals + 1] = FIRST_US + burst * 1100000 + i end
    end
    return arrivals
  end

  local function played(seconds) return { began_us = BEGAN_US, ended_us = BEGAN_US + seconds * SECOND_US } end

  it("passes callers that ask from the beginning to the end", function()
    local found = judge.read(bursts(58), 0, played(60))
    judge.keeps_rule(found, 2)
    assert.equal(0, found.throttled)
    assert.equal("9.09 calls/s, 11 in no less than 1100.0 ms", judge.say(found))
    assert.equal("9.09 calls/s, 11 in no less than 1100.0 ms",
      judge.check(9, function() return bursts(58), 0, played(60) end))
  end)

  it("does not pass callers that have all died after three seconds of sixty", function()
    local arrivals = bursts(3)
    assert.has_error(function() judge.keeps_rule(judge.read(arrivals, 0, played(60)), 3) end,
      "no call arrived for 56.45 s")
    assert.has_error(function() judge.check(8, function() return arrivals, 0, played(60) end) end,
      "no call arrived for 56.45 s")
  end)

  it("does not pass callers that begin late, but has a new home's window pass", function()
    local late = { began_us = BEGAN_US - 3 * SECOND_US, ended_us = BEGAN_US + 5 * SECOND_US }
    assert.has_error(function() judge.keeps_rule(judge.read(bursts(3), 0, late), 2) end, "no call arrived for 2.85 s")
    judge.keeps_rule(judge.read(bursts(3), 0, late), 3)
  end)

  it("does not pass a pause between calls", function()
    local arrivals = bursts(3)
    for i, arrival in ipairs(bursts(3)) do arrivals[#arrivals + 1] = arrival + 6 * SECOND_US + i end
    assert.has_error(function() judge.keeps_rule(judge.read(arrivals, 0), 3) end, "no call arrived for 3.80 s")
  end)

  it("does not pass calls that are too dense, or throttled, or few", function()
    local dense = bursts(3)
    dense[12] = dense[1] + 999999
    table.sort(dense)
    assert.has_error(function() judge.keeps_rule(judge.read(dense, 0), 3) end, "11 calls arrived within 1000.0 ms")
    assert.has_error(function() judge.keeps_rule(judge.read(bursts(3), 1), 3) end, "1 calls were throttled")
    assert.has_error(function() judge.read(bursts(0), 0) end, "expected calls, found 10")
    assert.has_error(function() judge.check(9.5, function() return bursts(3), 0 end) end,
      "expected 9.5 calls a second, found 9.09")
  end)
end)
