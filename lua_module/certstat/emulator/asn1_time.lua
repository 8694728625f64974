--- The two time forms of X.509, which `openssl ca` writes into index.txt too.
local M = {}

local function days_before(year, month, day)
  -- days since 1970-01-01 of a date of the Gregorian calendar, counted in years that begin in March
  if month <= 2 then year, month = year - 1, month + 12 end
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

--- `YYMMDDHHMMSSZ` (RFC 5280 4.1.2.5.1: 1950 to 2049) or `YYYYMMDDHHMMSSZ` to seconds since 1970; nil for
-- anything else.
function M.seconds(text)
  local year, rest = text:match("^(%d%d)(%d%d%d%d%d%d%d%d%d%d)Z$")
  if year then
    year = tonumber(year)
    year = year + (year < 50 and 2000 or 1900)
  else
    year, rest = text:match("^(%d%d%d%d)(%d%d%d%d%d%d%d%d%d%d)Z$")
    if not year then return nil end
    year = tonumber(year)
  end
  local month, day, hour, minute, second = rest:match("(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)")
  month, day = tonumber(month), tonumber(day)
  if month < 1 or month > 12 or day < 1 or day > 31 then return nil end
  return ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
end

return M
