-- caller.lua LANE GUARD - a process that asks at full demand, one serial a call, until it is ended. GUARD: milliseconds, or
-- "adapts". Where the service is and whose quota it is, the environment says.
local certstat = require "certstat"

local lane, guard = arg[1], tonumber(arg[2])
local client = assert(certstat.client { endpoint = os.getenv("ENDPOINT"), batch = 1, guard = guard and guard / 1000 })

local n = 0
local function serials()
  n = n + 1
  return ("%x"):format(n)
end

for row in client:audit(serials, { lane = lane }) do
  if row.status == "error" then error(row.message, 0) end
end
