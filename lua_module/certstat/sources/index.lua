--- index.lua - the database of an `openssl ca`, index.txt: a certificate a line, six columns, a tab between
-- (openssl-ca(1), and OpenSSL's apps/ca.c).
local core = require "certstat.core"
local each_line = require "certstat.sources.each_line"
local times = require "certstat.times"

local index = {}

-- Seconds since 1970 of `YYMMDDHHMMSSZ` (RFC 5280 4.1.2.5.1: 1950 to 2049) or `YYYYMMDDHHMMSSZ`; nil for anything
-- else, and for a time before 1971.
local function seconds_of(text)
  local year, rest = text:match("^(%d%d%d?%d?)(%d%d%d%d%d%d%d%d%d%d)Z$")
  if not year then return nil end
  if #year == 2 then year = (year < "50" and "20" or "19") .. year end
  return times.read(year .. rest:gsub("(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)", "-%1-%2T%3:%4:%5Z"))
end

--- parse(line) → {status = "V"|"R"|"E", expires = seconds, revoked = seconds, reason =, key =, serial = as written,
-- file =, subject =}; or nil, message.
function index.parse(line)
  local status, expires, revocation, serial, file, subject =
    line:match("^([VRE])\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
  if not status then return nil, "expected V, R or E and six columns" end
  local key = core.serial(serial)
  if not key then return nil, "expected a serial number, found " .. core.printable(serial, 60) end
  local entry = {
    status = status, expires = seconds_of(expires), key = key, serial = serial, file = file,
    subject = subject,
  }
  if status == "R" then
    local time, reason = revocation:match("^([^,]*),?([^,]*)")
    entry.revoked, entry.reason = seconds_of(time), reason ~= "" and reason or nil
    if not entry.revoked then
      return nil, "expected a time of revocation, found " .. core.printable(revocation, 60)
    end
  end
  return entry
end

--- Whether `head`, the first bytes of a file, begin with a line of such a database.
function index.is(head)
  return head:find("^[VRE]\t%d+Z\t[^\t\n]*\t%x+\t") ~= nil
end

--- reader, name and result as in certstat.sources.each_line; an item also has subject, not_after, and where the
-- database says so, revoked_at (seconds since 1970) and reason (openssl's word for it).
function index.items(reader, name)
  return each_line(reader, name, function(line)
    if line == "" then
      return nil
    end
    local entry, message = index.parse(line)
    return entry and {
      serial = entry.serial, subject = entry.subject, not_after = entry.expires, revoked_at = entry.revoked,
      reason = entry.reason,
    }, message
  end)
end

return index
