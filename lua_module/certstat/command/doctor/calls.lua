--- The doctor's own calls: each is one attempt, with a permit of the shared quota, and none is repeated. The client
-- would repeat what fails, and tell nothing of the connection.
local classify = require "certstat.classify"
local operations = require "certstat.operations"

local Calls = { __name = "certstat.command.doctor.calls" }
Calls.__index = Calls

local M = {}

local HOLD_NS = 250e6 -- how long a permit may be unused
local PATIENCE_NS = 10e9 -- how long one is waited for
local LONGEST_PAUSE_NS = 1e9
local TRIES = 5 -- for a permit whose time passed before the call could leave

--- new{net =, host =, endpoint =, quota = state, identity =, timeout_ns =, user_agent =, on_wait =} → calls; calls.sent
-- is how many have left, calls.lane the quota's lane in which they do. identity: see certstat.identity; nil where there
-- are no credentials.
function M.new(options)
  local calls = setmetatable({ id = 0, sent = 0, lane = "interactive" }, Calls)
  for name, value in pairs(options) do calls[name] = value end
  return calls
end

function Calls:pause(ns)
  self.on_wait()
  self.host.pause(self.net, math.min(ns, LONGEST_PAUSE_NS))
end

-- Starts a request and waits for its last event.
function Calls:exchange(request)
  self.id = self.id + 1
  request.id = self.id
  local started, message, info = self.net:start(request)
  if not started then return nil, message, info end
  while true do
    local event = self.net:collect()
    if event and event.id == self.id and event.kind ~= "sent" then return event end
    if not event then
      local stepped
      stepped, message, info = self.net:step(0)
      if not stepped then return nil, message, info end
      self:pause(self.net:idle_ns())
    end
  end
end

--- Opens a connection: its last event, see certstat.net; or nil, message, info.
function Calls:connect()
  return self:exchange {
    method = "POST", url = self.endpoint.url .. "/", connect_only = true, describe = true, connect_ns = self.timeout_ns,
  }
end

-- A permit; or nil, message, info.
function Calls:take()
  local until_ns = self.host.now_ns() + PATIENCE_NS
  while true do
    local now = self.host.now_ns()
    local wait_ns, permit, info = self.quota:take(self.lane, now, HOLD_NS)
    if wait_ns == 0 then return permit end
    if not wait_ns then return nil, permit, info end
    if now + wait_ns > until_ns then
      return nil, ("no permit of the quota within %d s"):format(PATIENCE_NS / 1e9), { class = "throttled" }
    end
    self:pause(wait_ns)
  end
end

-- What came of a permit's call is booked.
function Calls:book(permit, event)
  if event.sent_ns == 0 then return self.quota:give_back(permit) end
  self.sent = self.sent + 1
  self.quota:sent(permit, event.left_ns)
  if event.first_byte_ns > 0 then self.quota:replied(event.sent_ns, event.first_byte_ns) end
end

local function headers_of(signed)
  local headers = {}
  for name, value in pairs(signed.headers) do headers[#headers + 1] = { name, value } end
  return headers
end

-- One call with one permit: its last event; or nil, message, info.
function Calls:send(operation, query)
  local permit, message, info = self:take()
  if not permit then return nil, message, info end
  local signed, event
  signed, message, info = self.identity:sign {
    method = "POST", host = self.endpoint.host, path = "/", query = query, action = operation,
    version = operations.VERSION, headers = { accept = "application/json", ["user-agent"] = self.user_agent },
  }
  if signed then
    event, message, info = self:exchange {
      method = "POST", url = self.endpoint.url .. signed.target, headers = headers_of(signed), body = "",
      connect_ns = self.timeout_ns, total_ns = self.timeout_ns, not_after_ns = permit,
    }
  end
  if not event then
    self.quota:give_back(permit)
    return nil, message, info
  end
  self:book(permit, event)
  return event
end

--- ask(operation, parameters) → verdict, event: what certstat.classify says of the answer, and the answer; or nil,
-- message, info where nothing could be asked. A throttle pauses all who share the quota.
function Calls:ask(operation, parameters)
  local query, message, info = operations.encode(operation, parameters)
  if not query then return nil, message, info end
  local event
  for _ = 1, TRIES do
    event, message, info = self:send(operation, query)
    if not event then return nil, message, info end
    if not event.too_late then break end
  end
  local verdict = classify.event(event, self.identity.credentials.security_token)
  if verdict.pause_ns then
    local now = self.host.now_ns()
    self.quota:pause(now + verdict.pause_ns, now)
  end
  return verdict, event
end

return M
