--- Points in time as the service and HTTP write them, to and from seconds since 1970, UTC.
-- Own arithmetic on the proleptic Gregorian calendar: what Lua brings knows local time alone.
local M = {}

local floor = math.floor

local DAY = 86400
local YEAR_1971 = 365 * DAY
local YEAR_10000 = 253402300800
-- 10^11 ms is 1973, 10^11 s the year 5138: what is larger are milliseconds.
local MILLISECONDS = 1e11

-- Days from 1970-01-01 to a date. Years are counted from March, so that the leap day is a year's last; 146097 days are
-- 400 years, 719468 lie between 0000-03-01 and 1970-01-01.
local function days_from_date(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + floor(year / 4) - floor(year / 100) + floor(year / 400)
    + floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

local function date_from_days(days)
  days = days + 719468
  local era = floor(days / 146097)
  local rest = days - era * 146097
  local year = floor((rest - floor(rest / 1460) + floor(rest / 36524) - floor(rest / 146096)) / 365)
  local day = rest - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * day + 2) / 153)
  day = day - floor((153 * month + 2) / 5) + 1
  year = year + era * 400
  if month < 10 then return year, month + 3, day end
  return year + 1, month - 9, day
end

-- Seconds of a date and time of day, which may be strings of digits; nil where the calendar has no such day or time.
local function seconds_of(year, month, day, hour, minute, second)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour or 0), tonumber(minute or 0), tonumber(second or 0)
  if month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59 then return nil end
  local days = days_from_date(year, month, day)
  local _, _, real_day = date_from_days(days)
  if real_day ~= day then return nil end
  return days * DAY + hour * 3600 + minute * 60 + second
end

local DATES = {
  "^(%d%d%d%d)%-(%d%d)%-(%d%d)$",
  "^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d)Z?$",
  "^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)Z?$",
  "^(%d%d%d%d)%-(%d%d)%-(%d%d) (%d%d):(%d%d):(%d%d)$",
}

local function read_date(text)
  for _, pattern in ipairs(DATES) do
    local year, month, day, hour, minute, second = text:match(pattern)
    if year then return seconds_of(year, month, day, hour, minute, second) end
  end
  return nil
end

local function read_number(number)
  return number >= MILLISECONDS and number / 1000 or number
end

--- read(value) → seconds since 1970, or nil where it is no time.
-- Reads every shape in which the service's operations give times: seconds or milliseconds as a number or its digits,
-- `2021-01-01T00:00` and `2021-01-01T00:00:00` with Z or without, `2021-01-01`, `2021-01-01 00:00:00`. Dates without a
-- zone are taken as UTC; the service says nothing about them. What falls into 1970 or before is a zero or another
-- number that was never a time: nil, like null and every other type.
function M.read(value)
  local seconds
  if type(value) == "number" then
    seconds = read_number(value)
  elseif type(value) == "string" then
    seconds = value:find("^%d+$") and read_number(tonumber(value)) or read_date(value)
  end
  if not (seconds and seconds >= YEAR_1971 and seconds < YEAR_10000) then return nil end
  return floor(seconds)
end

--- iso(seconds) → `2021-01-01T00:00:00Z`. Seconds are from year 0 to 9999; anything else raises.
function M.iso(seconds)
  if type(seconds) ~= "number" or not (seconds >= -62167219200 and seconds < YEAR_10000) then
    error("iso: expected seconds since 1970 within the years 0 to 9999, found " .. tostring(seconds), 2)
  end
  local days = floor(seconds / DAY)
  local rest = floor(seconds) - days * DAY
  local year, month, day = date_from_days(days)
  return ("%04d-%02d-%02dT%02d:%02d:%02dZ"):format(year, month, day, floor(rest / 3600), floor(rest / 60) % 60,
    rest % 60)
end

local MONTHS = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

--- read_http_date(text) → seconds since 1970, or nil. text is an IMF-fixdate, the one form that RFC 9110 5.6.7 lets
-- servers send in Date: `Sun, 06 Nov 1994 08:49:37 GMT`. The day's name is not compared.
function M.read_http_date(text)
  local day, month, year, hour, minute, second =
    tostring(text):match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  if not day or not MONTHS[month] then return nil end
  return seconds_of(year, MONTHS[month], day, hour, minute, second)
end

return M
