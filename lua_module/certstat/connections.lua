--- Connections are opened ahead of the calls that will leave over them, while these wait for their permits: how long it
-- takes costs nothing of the quota.
local Connections = {}
Connections.__index = Connections

local M = {}

local MOST = 10
local LIMIT_NS = 5e9  -- for opening one
local LENT_NS = 1e9   -- a call's connection is counted on again so soon after it has left: the quota's usual window
local ID = 0          -- of what opens one; no call has it

--- new{net =, host =, url =, rate =} → connections. rate: calls that the quota lets go in its window.
function M.new(options)
  return setmetatable({
    net = options.net, host = options.host, url = options.url, rate = options.rate, warming = false,
  }, Connections)
end

--- Whether there is none that a call could leave over.
function Connections:are_lacking() return self.net:ready() == 0 end

-- How many more calls can leave before those that are on their way have come back, and with them their connections.
local function room(self, flying)
  local since_ns, left = self.host.now_ns() - LENT_NS, self.rate
  for _, call in pairs(flying) do
    if not call.sent or call.sent_ns > since_ns then left = left - 1 end
  end
  return left
end

--- Begins to open one, if calls will want one more than there are; one a turn, as a step begins with one. waiting: how
-- many wait for a permit that may come soon; flying: the calls on their way. Returns whether it has; or nil, message,
-- info.
function Connections:open(waiting, flying)
  local ready, opening = self.net:ready()
  self.warming = self.warming and ready == 0
  local wanted = self.warming and math.max(waiting, 1) or waiting
  if ready + opening >= math.min(wanted, MOST, room(self, flying)) then return false end
  local started, message, info = self.net:start {
    id = ID, method = "GET", url = self.url, connect_only = true, connect_ns = LIMIT_NS,
  }
  if started then return true end
  self.warming = false
  return nil, message, info
end

--- Whether an event of the net tells that one could not be opened.
function Connections:is_failure(event)
  if event.id ~= ID or event.kind ~= "failed" then return false end
  self.warming = false
  return true
end

--- One is wanted though no call waits; self.warming until it is there, or can't be had.
function Connections:warm() self.warming = true end

--- Gives up what is being opened.
function Connections:drop() self.net:drop(ID) end

return M
