local words = require "certstat.words"

describe("words", function()
  local cases = {
    { "number", { 0 }, "0" },
    { "number", { 999 }, "999" },
    { "number", { 1000 }, "1,000" },
    { "number", { 1234567 }, "1,234,567" },
    { "number", { 455.4 }, "455" },
    { "count", { 0, "call" }, "0 calls" },
    { "count", { 1, "call" }, "1 call" },
    { "count", { 2000, "call" }, "2,000 calls" },
    { "duration", { 0 }, "0.0 s" },
    { "duration", { 2.13 }, "2.1 s" },
    { "duration", { 59.94 }, "59.9 s" },
    { "duration", { 59.97 }, "1 min 0 s" },
    { "duration", { 60 }, "1 min 0 s" },
    { "duration", { 2199 }, "36 min 39 s" },
    { "duration", { 3600 }, "1 h 0 min" },
    { "duration", { 3725 }, "1 h 2 min" },
    { "duration", { 100080 }, "1 d 3 h" },
    { "percent", { 0 }, "0 %" },
    { "percent", { 1 }, "100 %" },
    { "percent", { 0.9084 }, "91 %" },
    { "percent", { 0.0214 }, "2.1 %" },
    { "percent", { 0.0021 }, "0.21 %" },
    { "percent", { 0.00001 }, "under 0.01 %" },
  }
  for _, case in ipairs(cases) do
    it(("says %s for %s %s"):format(case[3], case[1], tostring(case[2][1])), function()
      assert.equal(case[3], words[case[1]](case[2][1], case[2][2]))
    end)
  end
end)
