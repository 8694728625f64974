--- revoked.lua - an audit to copy and change: which certificates that the service lists are revoked, since when, whose.
--
--   lua revoked.lua [ENDPOINT]      with certstat on LUA_PATH and LUA_CPATH, credentials where the official tools look
-- Prints serial, time and subject, a tab between. Exit status: 0 none is revoked, 1 one is, 3 not all have an answer.
local certstat = require "certstat"
local printable = require("certstat.core").printable
local iso = require("certstat.times").iso

local client, problem = certstat.client { endpoint = arg[1] }
local rows = client and client:audit(client:certificates())
local revoked = 0
while client do
  local row, why = rows()
  if not row then
    problem = problem or why
    break
  elseif row.status == "revoked" then
    revoked = revoked + 1
    local when = row.revoked_at and iso(row.revoked_at) or "-"
    print(row.serial .. "\t" .. when .. "\t" .. printable(row.item.subject or "-"))
  elseif row.status ~= "good" then
    problem = problem or row.serial .. " is " .. row.status
  end
end
if client then client:close() end
if problem then
  io.stderr:write("revoked.lua: ", problem, "\n")
  os.exit(3)
end
os.exit(revoked > 0 and 1 or 0)
