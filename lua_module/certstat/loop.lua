--- The one loop of a client: the engine says which call is next, the quota permits it, the signer signs it, net carries
-- it, classify judges the answer, the engine settles it. Whoever waits for a call turns the loop; a turn is one guarded
-- section, and whoever enters second returns at once (HAProxy preempts Lua in the middle of it).
local classify = require "certstat.classify"
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local sign = require "certstat.sign"

local Loop = {}
Loop.__index = Loop

local M = {}

local CONNECT_NS = 5e9
local ATTEMPT_NS = 10e9 -- one attempt may take this long, or a quarter of the call's time where that is more
local LONGEST_PAUSE_NS = 1e9

--- new{endpoint = {url =, host =}, credentials =, quota = state, net =, host =, timeout_ns =, user_agent =, on_call =}
-- → loop; or nil, message, info. on_call(event): told of each answer, see Loop:report.
function M.new(options)
  local signer, message, info = core.signer(options.credentials.access_key_secret)
  if not signer then return nil, message, info end
  return setmetatable({
    signer = signer, access_key_id = options.credentials.access_key_id,
    security_token = options.credentials.security_token,
    endpoint = options.endpoint, quota = options.quota, net = options.net, host = options.host,
    timeout_ns = options.timeout_ns, user_agent = options.user_agent, on_call = options.on_call,
    attempt_ns = math.min(options.timeout_ns, math.max(ATTEMPT_NS, options.timeout_ns / 4)),
    engine = core.engine { seed = assert(ipc.random(8)) },
    calls = {}, last_id = 0, turning = false,
    counters = { calls = 0, throttled = 0, retries = 0, failed = 0, serials = 0 },
  }, Loop)
end

--- Queues a call. query: {name = string}; lane: see certstat.quota; read (may be nil): takes the reply's table and
-- returns what call.reply shall be, or nil, message, info where it is not what was asked for: then the call is tried
-- again; serials: how many it asks for, for the counters.
-- Returns the call: call.done, then call.reply, or call.message and call.info.
function Loop:submit(operation, version, query, lane, read, serials)
  local now = self.host.now_ns()
  self.last_id = self.last_id + 1
  local call = { id = self.last_id, operation = operation, version = version, query = query, lane = lane,
    read = read, serials = serials or 0, deadline_ns = now + self.timeout_ns, nonce_again = true }
  local ok, message, info = self.engine:submit(call.id, lane, call.deadline_ns, now)
  if not ok then
    call.done, call.message, call.info = true, message, info
  else
    self.calls[call.id] = call
  end
  return call
end

--- Forgets a call: its waiter has gone.
function Loop:cancel(call)
  if self.calls[call.id] then
    self.calls[call.id] = nil
    self.engine:cancel(call.id)
    self.net:drop(call.id)
  end
end

function Loop:finish(call, reply, message, info)
  self.calls[call.id] = nil
  call.done, call.reply, call.message, call.info = true, reply, message, info
end

function Loop:expire(call)
  local info = call.info or {}
  local last = call.message and "; the last attempt: " .. call.message or ""
  local message = ("%s: no answer within %g s%s"):format(call.operation, self.timeout_ns / 1e9, last)
  self:finish(call, nil, message, {
    class = "deadline", code = info.code or "DeadlineExceeded", http_status = info.http_status,
    request_id = info.request_id,
  })
end

-- https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature; each attempt has a
-- date and a nonce of its own
function Loop:sign(call, attempt)
  local headers = { accept = "application/json", ["user-agent"] = self.user_agent }
  if attempt > 1 then
    headers["x-acs-retry-attempts"] = ("%d"):format(attempt - 1)
    headers["x-acs-retry-delay"] = ("%d"):format(call.delay_ns and call.delay_ns / 1e6 or 0)
  end
  return self.signer:v3 {
    method = "POST", host = self.endpoint.host, path = "/", query = call.query, headers = headers,
    action = call.operation, version = call.version, date = sign.date(), nonce = sign.nonce(),
    access_key_id = self.access_key_id, security_token = self.security_token,
  }
end

function Loop:send(call, permit, now)
  local attempt = self.engine:granted(call.id)
  local signed, message, info = self:sign(call, attempt)
  if signed then
    local headers = {}
    for name, value in pairs(signed.headers) do headers[#headers + 1] = { name, value } end
    local started
    started, message, info = self.net:start {
      id = call.id, method = "POST", url = self.endpoint.url .. signed.target, headers = headers, body = "",
      connect_ns = CONNECT_NS, total_ns = math.min(self.attempt_ns, call.deadline_ns - now), not_after_ns = permit,
    }
    if started then
      call.permit, call.sent, call.attempt = permit, false, attempt
      return
    end
  end
  self.quota:give_back(permit)
  self.engine:cancel(call.id)
  self:finish(call, nil, message, info)
end

-- Sends what may be sent now.
function Loop:dispatch()
  while true do
    local now = self.host.now_ns()
    local id, what, lane, hold_ns = self.engine:due(now)
    if not id then return end
    local call = self.calls[id]
    if what == "expired" then
      self:expire(call)
    else
      local wait_ns, permit = self.quota:take(lane, now, hold_ns)
      if permit then
        self:send(call, permit, now)
      else
        if not self.engine:blocked(id, wait_ns, now) then self:expire(call) end
        return
      end
    end
  end
end

-- Tells on_call of an answer: {operation=, serials=, attempt=, outcome=, http_status=, code=, sent_ns=, done_ns=}.
function Loop:report(call, event, verdict)
  if self.on_call then
    self.on_call {
      operation = call.operation, serials = call.serials, attempt = call.attempt, outcome = verdict.outcome,
      http_status = event.http_status, code = verdict.info and verdict.info.code, sent_ns = event.sent_ns,
      done_ns = event.done_ns, new_connection = event.new_connection,
    }
  end
end

function Loop:mark_sent(call, sent_ns)
  if not call.sent then
    call.sent = true
    self.quota:sent(call.permit, sent_ns)
    self.counters.calls = self.counters.calls + 1
    self.counters.serials = self.counters.serials + call.serials
  end
end

-- What came of a call goes to the engine and the quota; the call is over, or queued again.
function Loop:settle(call, verdict)
  local now, least_wait_ns, outcome = self.host.now_ns(), 0, verdict.outcome
  if outcome == "throttled" then
    self.counters.throttled = self.counters.throttled + 1
    least_wait_ns = verdict.pause_ns
    self.quota:pause(now + least_wait_ns)
  elseif outcome == "retry" then
    least_wait_ns = self.quota:retry(now)
  elseif outcome == "done" then
    self.quota:reward(now)
  elseif outcome == "again" then
    if not call.nonce_again then outcome = "failed" end
    call.nonce_again = false
  end
  local settled = self.engine:settle(call.id, outcome, least_wait_ns, now)
  if settled == "retry" then
    self.counters.retries = self.counters.retries + 1
    call.delay_ns, call.message, call.info = least_wait_ns, verdict.message, verdict.info
  elseif settled == "deadline" then
    call.message, call.info = verdict.message, verdict.info
    self:expire(call)
  elseif verdict.reply then
    self:finish(call, verdict.reply)
  else
    self.counters.failed = self.counters.failed + 1
    local tries = settled == "attempts" and (" (tried %d times)"):format(call.attempt) or ""
    self:finish(call, nil, ("%s: %s%s"):format(call.operation, verdict.message, tries), verdict.info)
  end
end

local function judge(call, event)
  local verdict = classify.event(event)
  if verdict.reply and call.read then
    local value, message, info = call.read(verdict.reply)
    if value == nil then return { outcome = "retry", message = message, info = info } end
    verdict.reply = value
  end
  return verdict
end

function Loop:collect()
  for event in function() return self.net:collect() end do
    local call = self.calls[event.id]
    if call then
      if event.sent_ns and event.sent_ns > 0 then self:mark_sent(call, event.sent_ns) end
      if event.kind ~= "sent" then
        if not call.sent then self.quota:give_back(call.permit) end
        local verdict = judge(call, event)
        self:settle(call, verdict)
        self:report(call, event, verdict)
      end
    end
  end
end

--- One turn: what may be sent is sent, what has come is settled. Never waits. Returns whether it was this caller's.
function Loop:turn()
  if self.turning then return false end
  self.turning = true
  local ok, message = pcall(function()
    self:dispatch()
    assert(self.net:step(0))
    self:collect()
  end)
  self.turning = false
  if not ok then error(message, 0) end
  return true
end

--- How long a waiter may sleep, unless something comes: nanoseconds.
function Loop:idle_ns()
  return math.min(self.engine:next(self.host.now_ns()) or LONGEST_PAUSE_NS, LONGEST_PAUSE_NS)
end

--- Turns the loop until until_done() is true, letting the host run in between.
function Loop:wait(until_done)
  while true do
    self:turn()
    if until_done() then return end
    self.host.pause(self.net, self:idle_ns())
  end
end

function Loop:close()
  if self.closed then return end
  self.closed = true
  self.signer:close()
  self.net:close()
  for _, call in pairs(self.calls) do
    self:finish(call, nil, "the client was closed", { class = "closed", code = "Closed" })
  end
end

return M
