--- drift.lua - an audit to copy and change: where the list of certificates and the status operation disagree.
--
--   lua drift.lua [ENDPOINT]        with certstat on LUA_PATH and LUA_CPATH, credentials where the official tools look
-- Prints serial, what the list says, what the status operation says and the subject, a tab between. What was revoked
-- after the script had begun is no drift. Exit status: 0 none, 1 there is some, 3 not all have an answer.
local certstat = require "certstat"
local printable = require("certstat.core").printable

local MEANS = { ISSUE = "good", REVOKE = "revoked" }
local started = os.time()

local client, problem = certstat.client { endpoint = arg[1] }
local rows = client and client:audit(client:certificates())
local drifted = 0
while client do
  local row, why = rows()
  if not row then
    problem = problem or why
    break
  end
  local listed = row.item.status or "-"
  if row.status == "error" or row.status == "invalid" then
    problem = problem or ("%s is %s: %s"):format(row.serial, row.status, row.message)
  elseif row.status ~= MEANS[listed] and not (listed == "ISSUE" and (row.revoked_at or 0) >= started) then
    drifted = drifted + 1
    print(table.concat({ row.serial, printable(listed), row.status, printable(row.item.subject or "-") }, "\t"))
  end
end
if client then client:close() end
if problem then
  io.stderr:write("drift.lua: ", problem, "\n")
  os.exit(3)
end
os.exit(drifted > 0 and 1 or 0)
