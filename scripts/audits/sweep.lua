--- sweep.lua - an audit to copy and change: asks again for the ledger's oldest answers, within a share of the quota.
--
--   lua sweep.lua COUNT QPS [ENDPOINT]     with certstat on LUA_PATH and LUA_CPATH, credentials where official tools
-- look. COUNT: how many, 10,000 at most. QPS: it calls only while all of the account's calls in the last second are
-- fewer. The answers go into the ledger. Prints key, old status and new one where they differ, a tab between. Exit
-- status: 0 nothing differs, 1 something does, 3 not all have an answer, 4 usage.
local certstat = require "certstat"
local record = require "certstat.record"

local count, qps, endpoint = tonumber(arg[1] or ""), tonumber(arg[2] or ""), arg[3]
if not (count and qps and count >= 1 and count <= 10000 and qps >= 1 and qps <= 400) or (count + qps) % 1 ~= 0 then
  io.stderr:write("usage: lua sweep.lua COUNT QPS [ENDPOINT], COUNT from 1 to 10000, QPS from 1 to 400\n")
  os.exit(4)
end

local client, problem = certstat.client { endpoint = endpoint, qps = qps }
local ledger, oldest, written
if client then
  ledger, problem = record.open { getenv = os.getenv }
end
if ledger then
  oldest, problem = ledger:oldest(client.account, count)
  ledger:close()
end
if oldest then
  written, problem = record.begin {
    command = "sweep", settings = arg[1], account = client.account, getenv = os.getenv, required = true,
  }
end
local changed = 0
if written then
  local at = 0
  local source = written:reading(function()
    at = at + 1
    return oldest[at] and { serial = oldest[at].key, before = oldest[at].status }
  end)
  for row in client:audit(source, { on_answers = written.on_answers }) do
    if row.status == "error" then
      problem = problem or ("%s is error: %s"):format(row.serial, row.message)
    elseif row.status ~= row.item.before then
      changed = changed + 1
      print(row.serial .. "\t" .. row.item.before .. "\t" .. row.status)
    end
  end
  local kept, why = written:finish(problem == nil)
  problem = problem or not kept and why or nil
end
if client then client:close() end
if problem then
  io.stderr:write("sweep.lua: ", problem, "\n")
  os.exit(3)
end
os.exit(changed > 0 and 1 or 0)
