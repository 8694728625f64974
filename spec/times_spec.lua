local times = require "certstat.times"

describe("times.read", function()
  -- The SDK and the examples of the operations' pages disagree about the shape of nearly every time.
  local shapes = {
    { 1609459200000, 1609459200, "milliseconds" },
    { 1609459200999, 1609459200, "milliseconds within a second" },
    { 1609459200, 1609459200, "seconds" },
    { 1609459200.75, 1609459200, "seconds with a fraction" },
    { "1778688000000", 1778688000, "milliseconds as digits" },
    { "1609459200", 1609459200, "seconds as digits" },
    { "2021-01-01T00:00", 1609459200, "the RevokeTime of the documentation" },
    { "2021-10-28T16:15Z", 1635437700, "minutes" },
    { "2021-01-01T00:00:00Z", 1609459200, "ISO 8601" },
    { "2021-01-01T00:00:01", 1609459201, "ISO 8601 without a zone" },
    { "2025-09-04", 1756944000, "a day" },
    { "2024-05-13 12:59:45", 1715605185, "a day and a time" },
    { "2024-02-29T23:59Z", 1709251140, "a leap day" },
    { "2000-02-29", 951782400, "the leap day of a century" },
    { "2050-01-01T00:00Z", 2524608000, "beyond 2038" },
    { "9999-12-31T23:59:59Z", 253402300799, "the last second of four digits" },
    { 99999999999, 99999999999, "the last second below the milliseconds" },
    { 100000000000, 100000000, "the first millisecond" },
    { 31536000, 31536000, "the first second of 1971" },
  }
  for _, row in ipairs(shapes) do
    it("reads " .. row[3], function()
      assert.equal(("%d"):format(row[2]), tostring(times.read(row[1]))) -- without ".0" on 5.3 and later
    end)
  end

  it("is never 1970 by accident", function()
    local null = require("cjson").new().null
    local nothing = {
      0, -1, 1, 2021, 20210101, 31535999, -1609459200000, 0 / 0, 1 / 0, -1 / 0, 1e18, 253402300800000,
      "", "0", "-1", "2021", "20210101", "null", "1970-01-01T00:00Z", "1969-12-31", "99999999999999999999999",
      true, false, null, {}, print,
    }
    assert.is_nil(times.read(nil))
    for _, value in ipairs(nothing) do
      assert.is_nil(times.read(value), tostring(value))
    end
  end)

  it("refuses dates that the calendar has not", function()
    local wrong = {
      "2021-00-01", "2021-13-01", "2021-01-00", "2021-01-32", "2021-02-29", "2100-02-29", "2021-04-31", "2021-1-1",
      "2021-01-01T24:00Z", "2021-01-01T00:60Z", "2021-01-01T00:00:60Z", "2021-01-01T00:00:00+08:00",
      "2021-01-01T00:00:00.000Z", " 2021-01-01", "2021-01-01\n", "2021-01-01 00:00", "21-01-01", "1609459200.0",
    }
    for _, text in ipairs(wrong) do
      assert.is_nil(times.read(text), text)
    end
  end)
end)

describe("times.iso", function()
  it("writes ISO 8601", function()
    local rows = {
      { 0, "1970-01-01T00:00:00Z" }, { -1, "1969-12-31T23:59:59Z" }, { 951827696, "2000-02-29T12:34:56Z" },
      { 1609459200, "2021-01-01T00:00:00Z" }, { 2524607999, "2049-12-31T23:59:59Z" },
      { -62167219200, "0000-01-01T00:00:00Z" }, { 253402300799, "9999-12-31T23:59:59Z" },
      { 1609459200.75, "2021-01-01T00:00:00Z" },
    }
    for _, row in ipairs(rows) do
      assert.equal(row[2], times.iso(row[1]))
    end
  end)

  it("is read back for every day from 1971 to 2500", function()
    for seconds = 31536000 + 3661, 16756761600, 86400 do
      if times.read(times.iso(seconds)) ~= seconds then error(times.iso(seconds)) end
    end
  end)

  it("raises on misuse", function()
    for _, value in ipairs { 0 / 0, 1 / 0, 253402300800, -62167219201, "0", {} } do
      assert.error_matches(function() times.iso(value) end,
        "iso: expected seconds since 1970 within the years 0 to 9999, found ")
    end
  end)
end)

describe("times.read_http_date", function()
  it("reads an IMF-fixdate", function()
    assert.equal(784111777, times.read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"))
    assert.equal(0, times.read_http_date("Thu, 01 Jan 1970 00:00:00 GMT"))
  end)

  it("refuses everything else", function()
    local wrong = {
      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37", "",
      "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT", 784111777, true,
    }
    assert.is_nil(times.read_http_date(nil))
    for _, value in ipairs(wrong) do
      assert.is_nil(times.read_http_date(value), tostring(value))
    end
  end)
end)
