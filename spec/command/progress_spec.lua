local progress = require "certstat.command.progress"

describe("command.progress", function()
  local cases = {
    { { 0, nil, 0 }, "0, 0 a second" },
    { { 1200, nil, 2 }, "1,200, 600 a second" },
    { { 1200, 4800, 2 }, "1,200 of 4,800 (25 %), 600 a second, 6.0 s left" },
    { { 12345, 1000000, 27.2 }, "12,345 of 1,000,000 (1 %), 454 a second, 36 min 16 s left" },
    { { 50, 50, 1 }, "50 of 50 (100 %), 50 a second, 0.0 s left" },
    { { 51, 50, 1 }, "51, 51 a second" },
    { { 0, 50, 1 }, "0 of 50 (0 %), 0 a second" },
  }
  for _, case in ipairs(cases) do
    it("says " .. case[2], function()
      assert.equal(case[2], progress.line(case[1][1], case[1][2], case[1][3]))
    end)
  end

  it("draws at most five times a second, over the line before", function()
    local now, written = 7e9, {}
    local line = progress.new(function(text)
      written[#written + 1] = text
    end, function()
      return now
    end)
    for i = 1, 100 do
      now = now + 10e6
      line:update(i * 10, 2000)
    end
    line:clear()
    assert.same({
      "\r200 of 2,000 (10 %), 1,000 a second, 1.8 s left\27[K",
      "\r400 of 2,000 (20 %), 1,000 a second, 1.6 s left\27[K",
      "\r600 of 2,000 (30 %), 1,000 a second, 1.4 s left\27[K",
      "\r800 of 2,000 (40 %), 1,000 a second, 1.2 s left\27[K",
      "\r1,000 of 2,000 (50 %), 1,000 a second, 1.0 s left\27[K",
      "\r\27[K",
    }, written)
  end)
end)
