-- caller.lua LANE GUARD [once] - a process that asks at full demand, one serial a call, until it is ended. GUARD:
-- milliseconds, or "adapts". Where the service is and whose quota it is, the environment says. once: it asks once, and
-- prints the seconds that took, of processor time and in all.
local certstat = require "certstat"
local ipc = require "certstat.ipc"

local lane, guard, once = arg[1], tonumber(arg[2]), arg[3] == "once"
local ca_file = os.getenv("CA_FILE")
local client = assert(certstat.client {
  endpoint = os.getenv("ENDPOINT"), ca_file = ca_file ~= "" and ca_file or nil, batch = 1,
  guard = guard and guard / 1000,
})

if once then
  local used, began = os.clock(), ipc.now_ns()
  assert(client:status({ "01" }, { lane = lane }))
  print(("%.6f %.6f"):format(os.clock() - used, (ipc.now_ns() - began) / 1e9))
  client:close()
  return
end

local n = 0
local function serials()
  n = n + 1
  return ("%x"):format(n)
end

for row in client:audit(serials, { lane = lane }) do
  if row.status == "error" then error(row.message, 0) end
end
