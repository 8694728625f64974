local asn1_time = require "certstat.emulator.asn1_time"

describe("asn1_time.seconds", function()
  -- the numbers are `date -u -d … +%s`
  for _, case in ipairs {
    { "700101000000Z", 0 },
    { "500101000000Z", -631152000 },
    { "491231235959Z", 2524607999 },
    { "261124041809Z", 1795493889 },
    { "000229120000Z", 951825600 },
    { "000301000000Z", 951868800 },
    { "20500101000000Z", 2524608000 },
    { "99991231235959Z", 253402300799 },
    { "21000228235959Z", 4107542399 },
    { "21000301000000Z", 4107542400 },
  } do
    it("reads " .. case[1], function() assert.equal(case[2], asn1_time.seconds(case[1])) end)
  end

  for _, text in ipairs {
    "", "Z", "261124041809", "2611240418Z", "261324041809Z", "260024041809Z", "261100041809Z", "261132041809Z",
    "261124041809Z ", "26112404180xZ", "261124041809+0100",
  } do
    it(("finds no time in '%s'"):format(text), function() assert.is_nil(asn1_time.seconds(text)) end)
  end
end)
