--- expiring.lua - an audit to copy and change: which certificates are good, but end within some days.
--
--   lua expiring.lua DAYS [ENDPOINT]     with certstat on LUA_PATH and LUA_CPATH, credentials where the official tools
-- look. Only those are asked about that end within DAYS. Prints serial, end, days left and subject, a tab between. Exit
-- status: 0 none, 1 there are some, 3 not all have an answer, 4 usage.
local certstat = require "certstat"
local iso = require("certstat.times").iso
local printable = require("certstat.core").printable

local DAY = 86400
local days = tonumber(arg[1] or "")
if not days or not (days > 0 and days <= 36500) then
  io.stderr:write("usage: lua expiring.lua DAYS [ENDPOINT], DAYS from 1 to 36500\n")
  os.exit(4)
end

local now = os.time()
local client, problem = certstat.client { endpoint = arg[2] }
local listed = client and client:certificates()

-- The source of the audit: what is listed and ends soon; and what has no end to go by, which is asked about too.
local function ending()
  local certificate, message, info = listed()
  while certificate and certificate.not_after
    and (certificate.not_after < now or certificate.not_after > now + days * DAY) do
    certificate, message, info = listed()
  end
  return certificate, message, info
end

local rows = client and client:audit(ending)
local expiring = 0
while client do
  local row, why = rows()
  if not row then
    problem = problem or why
    break
  elseif row.status == "good" and row.item.not_after then
    local left = math.floor((row.item.not_after - now) / DAY)
    expiring = expiring + 1
    print(("%s\t%s\t%d\t%s"):format(row.serial, iso(row.item.not_after), left, printable(row.item.subject or "-")))
  elseif row.status == "good" then
    problem = problem or row.serial .. ": the service does not say when it ends"
  elseif row.status ~= "revoked" then
    problem = problem or row.serial .. " is " .. row.status
  end
end
if client then client:close() end
if problem then
  io.stderr:write("expiring.lua: ", problem, "\n")
  os.exit(3)
end
os.exit(expiring > 0 and 1 or 0)
