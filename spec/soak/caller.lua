-- caller.lua LANE GUARD [once | in-vain | to-the-end] - a process that asks at full demand, one serial a call, until
-- it is ended. GUARD: milliseconds, or "adapts". Where the service is and whose quota it is, the environment says.
-- once: it asks once; in-vain: it does not mind that all calls fail. Both print after each attempt the seconds so far,
-- of processor time and in all. to-the-end: when it can't go on, it prints why, and ends.
local certstat = require "certstat"
local ipc = require "certstat.ipc"

local lane, guard, mode = arg[1], tonumber(arg[2]), arg[3]
local ca_file = os.getenv("CA_FILE")
local used, began

local client = assert(certstat.client {
  endpoint = os.getenv("ENDPOINT"), ca_file = ca_file ~= "" and ca_file or nil, batch = 1,
  guard = guard and guard / 1000,
  on_call = (mode == "once" or mode == "in-vain") and function()
    print(("%.6f %.6f"):format(os.clock() - used, (ipc.now_ns() - began) / 1e9))
    io.stdout:flush()
  end or nil,
})

used, began = os.clock(), ipc.now_ns()

if mode == "once" then
  assert(client:status({ "01" }, { lane = lane }))
  client:close()
  return
end

local n = 0

-- The next serials: without end, or where all calls fail, as many as an audit asks before it gives up, and more.
local function serials()
  local left = mode == "in-vain" and 20 or math.huge
  return function()
    n, left = n + 1, left - 1
    return left >= 0 and ("%x"):format(n) or nil
  end
end

repeat
  for row in client:audit(serials(), { lane = lane }) do
    if row.status == "error" and mode == "to-the-end" then
      print(row.message)
      return
    elseif row.status == "error" and mode ~= "in-vain" then
      error(row.message, 0)
    end
  end
until false
