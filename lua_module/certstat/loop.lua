--- The one loop of a client: the engine says which call is next, the quota permits it, the signer signs it, net carries
-- it, classify judges the answer, the engine settles it. Whoever waits for a call turns the loop; a turn is one guarded
-- section, and whoever enters second returns at once.
--
-- A permit is asked for when a connection is ready, so that its call leaves at once (see certstat.connections).
--
-- HAProxy preempts Lua between any two instructions, and may never resume what it has cut. Only the call of a C
-- function is whole there; that is why ids are drawn and not counted, and why the turn is taken with table.remove.
local classify = require "certstat.classify"
local connections = require "certstat.connections"
local core = require "certstat.core"
local identity = require "certstat.identity"
local ipc = require "certstat.ipc"

local Loop = {}
Loop.__index = Loop

local M = {}

local CONNECT_NS = 5e9
local ATTEMPT_NS = 10e9 -- one attempt may take this long, or a quarter of the call's time where that is more
local LONGEST_PAUSE_NS = 1e9
local HOLD_NS = 250e6 -- a call leaves so soon after its permit, or not: twice as long for each time that it did not
local AHEAD_NS = 2e9 -- connections are opened for permits that may come within so long
local UNCONNECTED_NS = 50e6 -- while calls wait for a connection, their deadlines are looked at so often
local NO_CONNECTION = { class = "network", code = "NoReply" }
local QUOTA_BUSY_NS = 1e6 -- what others of the same quota must know, a throttle for one, could not be written yet
-- A call of an audit is given up for what comes of its attempts, not for the time that its reader is away or that a
-- throttle lasts.
local AUDIT_NS = 86400e9
local LONGEST_TURN_NS = 5e9 -- a turn takes milliseconds
local UNTOLD_NS = 50e6 -- callers come sooner to tell on_call, if any come

--- new{endpoint = {url =, host =}, session =, quota = state, rate =, net =, host =, timeout_ns =, user_agent =,
-- on_call =, on_wait =} → loop. session: see certstat.credentials.session. rate: calls that the quota lets go in its
-- window. on_call(event): told of each attempt that was not too late to be made, see report. on_wait(): called whenever
-- a waiter is about to sleep, which is never for longer than a second.
function M.new(options)
  return setmetatable({
    identity = identity.new(options), endpoint = options.endpoint, quota = options.quota,
    net = options.net, host = options.host, timeout_ns = options.timeout_ns,
    user_agent = options.user_agent, on_call = options.on_call, on_wait = options.on_wait,
    attempt_ns = math.min(options.timeout_ns, math.max(ATTEMPT_NS, options.timeout_ns / 4)),
    connections = connections.new {
      net = options.net, host = options.host, url = options.endpoint.url, rate = options.rate,
    },
    engine = core.engine { seed = assert(ipc.random(8)) },
    calls = setmetatable({}, { __mode = "v" }), -- by id; who waits for a call holds it, and with him it goes
    blocked_until_ns = {}, -- by lane: until when the quota said last that there is no permit
    flying = {}, -- those on their way, which are held until they land
    turn_token = { true }, turn_began_ns = math.huge, turned_ns = 0, untold = {}, telling_ns = 0,
    news = false, -- something has come of a call, or of the credentials, since this was set to false
    counters = { calls = 0, throttled = 0, retries = 0, failed = 0, serials = 0 },
  }, Loop)
end

local function draw_id()
  local id = 0
  for _, byte in ipairs { assert(ipc.random(6)):byte(1, 6) } do id = id * 256 + byte end
  return id + 1
end

function Loop:allowed_ns(lane)
  return lane == "audit" and math.max(self.timeout_ns, AUDIT_NS) or self.timeout_ns
end

--- When a call of this lane is given up that is submitted now.
function Loop:deadline_ns(lane) return self.host.now_ns() + self:allowed_ns(lane) end

--- Queues a call. query: {name = string}, or a function that returns it and `serials` when the first attempt starts;
-- lane: see certstat.quota; read (may be nil): takes the reply's table and returns what call.reply shall be, or nil,
-- message, info where it is not what was asked for: then the call is tried again; serials: how many it asks for, for
-- the counters; deadline_ns (may be nil): when it is given up, if that is sooner than usual.
-- Returns the call: call.done, then call.reply, or call.message and call.info. Who drops it has taken it back.
function Loop:submit(operation, version, query, lane, read, serials, deadline_ns)
  local now, allowed_ns = self.host.now_ns(), self:allowed_ns(lane)
  local call = { id = draw_id(), operation = operation, version = version, query = query, lane = lane, read = read,
    serials = serials or 0, allowed_ns = allowed_ns, deadline_ns = deadline_ns or now + allowed_ns,
    starts = 0, late = 0, mended = {} }
  if self.closed then
    self:fail_closed(call)
    return call
  end
  self.calls[call.id] = call
  local ok, message, info = self.engine:submit(call.id, lane, call.deadline_ns, now)
  if not ok then self:fail(call, message, info) end
  return call
end

function Loop:forget(call)
  self.engine:cancel(call.id)
  self.calls[call.id], self.flying[call.id] = nil, nil
end

--- Forgets a call: its waiter has gone. What may have begun to leave keeps its permit.
function Loop:cancel(call)
  if self.calls[call.id] and not self.closed then
    self:forget(call)
    self.net:drop(call.id)
  end
end

--- Whether a call is known to have left, or is over.
function Loop:has_left(call) return call.done or self.flying[call.id] ~= nil and call.sent end

--- Forgets a call if it is not known to have left; returns whether it was.
function Loop:withdraw(call)
  if self:has_left(call) then return false end
  self:cancel(call)
  return true
end

-- A call that is not done is flying or the engine's, also where who settles it is killed: nobody would find it else.
function Loop:finish(call, reply, message, info)
  call.reply, call.message, call.info = reply, message, info
  call.done, self.news = true, true
  self:forget(call)
end

function Loop:fail(call, message, info)
  self.counters.failed = self.counters.failed + 1
  self:finish(call, nil, ("%s: %s"):format(call.operation, message), info)
end

function Loop:fail_closed(call)
  self:finish(call, nil, "the client was closed", { class = "closed", code = "Closed" })
end

-- wait_ns: how long nothing may be sent, where that is known: a call that can't leave in its time is over at once.
function Loop:expire(call, wait_ns)
  local info, text = call.info or {}, "no answer within %g s"
  if wait_ns and self.host.now_ns() < call.deadline_ns then
    text = "no answer can come within %g s, as nothing may be sent for %.3g s"
  end
  local last = call.message and "; the last attempt: " .. call.message or ""
  self:fail(call, text:format(call.allowed_ns / 1e9, (wait_ns or 0) / 1e9) .. last, {
    class = "deadline", code = info.code or "DeadlineExceeded", http_status = info.http_status,
    request_id = info.request_id, retry_after = wait_ns and wait_ns / 1e9,
  })
end

-- Ends all calls that are on their way: nothing is known of them any more.
function Loop:fail_flying(message, info)
  for id, call in pairs(self.flying) do
    self.net:drop(id)
    if call.done then self:forget(call) else self:fail(call, message, info) end
  end
end

function Loop:sign(call, attempt, now)
  local headers = { accept = "application/json", ["user-agent"] = self.user_agent }
  if attempt > 1 then
    headers["x-acs-retry-attempts"] = ("%d"):format(attempt - 1)
    headers["x-acs-retry-delay"] = ("%d"):format(math.floor((now - call.settled_ns) / 1e6))
  end
  call.clock, call.credentials = self.identity.clock, self.identity.credentials
  return self.identity:sign {
    method = "POST", host = self.endpoint.host, path = "/", query = call.query, headers = headers,
    action = call.operation, version = call.version,
  }
end

-- Signs and starts an attempt; returns true, or nil, message, info.
function Loop:start(call, attempt, now)
  if type(call.query) == "function" then call.query, call.serials = call.query() end
  local signed, message, info = self:sign(call, attempt, now)
  if not signed then return nil, message, info end
  local headers = {}
  for name, value in pairs(signed.headers) do headers[#headers + 1] = { name, value } end
  return self.net:start {
    id = call.id, method = "POST", url = self.endpoint.url .. signed.target, headers = headers, body = "",
    connect_ns = CONNECT_NS, total_ns = math.min(self.attempt_ns, call.deadline_ns - now), not_after_ns = call.permit,
  }
end

function Loop:give_back(permit)
  self.quota:give_back(permit)
  self.engine:unblocked()
end

function Loop:send(call, permit, now)
  self.flying[call.id] = call
  call.permit, call.sent, call.starts = permit, false, call.starts + 1
  call.attempt = self.engine:granted(call.id)
  local started, message, info
  if call.attempt > 0 then started, message, info = self:start(call, call.attempt, now) end
  if started then return end
  self:give_back(permit)
  if call.attempt > 0 then
    self:fail(call, message, info)
  else
    self.flying[call.id] = nil -- taken back while this turn was preempted
  end
end

-- A permit of the quota, or how long there is none, as quota:take; none while there are no credentials. 0 and no permit
-- where there is no connection. A call that was too late gets twice the time: to libcurl a connection may be of no use
-- when it is wanted, and another one takes as long as it takes.
function Loop:take(call, lane, now)
  local wait_ns, what, info = self.identity:wait_ns()
  if wait_ns ~= 0 then return wait_ns, what, info end
  self.unconnected = self.connections:are_lacking()
  if self.unconnected then return 0 end
  wait_ns, what, info = self.quota:take(lane, now, HOLD_NS * 2 ^ call.late)
  self.blocked_until_ns[lane] = wait_ns and now + wait_ns
  return wait_ns, what, info
end

-- The call of this id, if anybody waits for it; else the engine forgets it.
function Loop:wanted(id)
  local call = self.calls[id]
  if call and not call.done then return call end
  self.engine:cancel(id)
end

-- Sends the call that may be sent now; returns whether there was one. One a turn, as a step lets one leave.
function Loop:dispatch()
  local unconnected = self.unconnected
  self.unconnected = false
  while true do
    local now = self.host.now_ns()
    local id, what, lane = self.engine:due(now)
    if not id then return false end
    local call = self:wanted(id)
    if call and what == "expired" then
      if unconnected and not call.info then call.message, call.info = "no connection", NO_CONNECTION end
      local until_ns = self.blocked_until_ns[call.lane]
      self:expire(call, until_ns and until_ns > now and until_ns - now or nil)
    elseif call then
      local wait_ns, permit, info = self:take(call, lane, now)
      if not wait_ns then
        info.any = true
        self:fail(call, permit, info)
      elseif permit then
        self:send(call, permit, now)
        return true
      elseif wait_ns == 0 then
        return false
      else
        self.engine:blocked(lane, wait_ns, now)
      end
    end
  end
end

-- The call that is sent next, and how many in all wait for nothing but a permit that may come soon.
function Loop:next_call()
  while true do
    local waiting, id = self.engine:waiting(AHEAD_NS, self.host.now_ns())
    if not id then return nil, 0 end
    local call = self:wanted(id)
    if call then return call, waiting end
  end
end

-- Nothing can be sent at all.
function Loop:fail_waiting(message, info)
  for call in function() return (self:next_call()) end do self:fail(call, message, info) end
end

-- Begins to open a connection, if one more is wanted; returns whether.
function Loop:connect()
  local _, waiting = self:next_call()
  local begun, message, info = self.connections:open(waiting, self.flying)
  if begun == nil then self:fail_waiting(message, info) end
  return begun
end

-- What on_call is told: {operation =, serials =, attempt =, outcome =, http_status =, code =, sent_ns =, done_ns =,
-- new_connection =, clock_offset =}; http_status is nil where no reply came, sent_ns where nothing left; clock_offset:
-- the seconds by which this answer has corrected the clock.
function Loop:report(call, event, verdict)
  if self.on_call and not event.too_late then
    table.insert(self.untold, {
      operation = call.operation, serials = call.serials, attempt = call.attempt, outcome = verdict.outcome,
      http_status = event.http_status > 0 and event.http_status or nil, code = verdict.info and verdict.info.code,
      sent_ns = event.sent_ns > 0 and event.sent_ns or nil, done_ns = event.done_ns,
      new_connection = event.new_connection, clock_offset = verdict.clock_offset,
    })
  end
end

-- A caller's, outside the turn, as on_call may take its time, raise, or use the client.
function Loop:tell()
  while self.untold[1] do
    local event = table.remove(self.untold, 1)
    if event then self.on_call(event) end
  end
end

--- For who turns the loop and is no caller: what no caller has come to tell is told in the background.
function Loop:tell_later()
  local first, now = self.untold[1], self.host.now_ns()
  if first and now - math.max(first.done_ns, self.telling_ns) > UNTOLD_NS then
    self.telling_ns = now
    self.host.spawn(function() self:tell() end)
  end
end

function Loop:mark_sent(call, event)
  if not call.sent then
    call.sent, call.sent_ns = true, event.sent_ns
    self.quota:sent(call.permit, event.left_ns)
    self.engine:unblocked()
    self.counters.calls = self.counters.calls + 1
    self.counters.serials = self.counters.serials + call.serials
  end
end

-- What has been refused is put right, once for each call and cause; returns whether it may be asked again.
function Loop:mend(call, verdict, event)
  local cause = verdict.mends
  if call.mended[cause] then return false end
  call.mended[cause] = true
  if cause == "clock" and call.clock == self.identity.clock then
    verdict.clock_offset = self.identity:correct_clock(event.headers.date)
    self.counters.clock_offset = verdict.clock_offset or self.counters.clock_offset
    return verdict.clock_offset ~= nil
  elseif cause == "credentials" and call.credentials == self.identity.credentials then
    self.identity:ask_renewal()
    call.awaits = verdict
  end
  return true
end

-- The calls that waited for new credentials are settled, where these are there or never will be.
function Loop:end_renewal()
  local renewed, why = self.identity:renewed()
  if renewed == nil then return end
  for _, call in pairs(self.flying) do
    local verdict = call.awaits
    if verdict then
      call.awaits = nil
      if not renewed then
        verdict.outcome, verdict.message = "failed", ("%s (no new credentials: %s)"):format(verdict.message, why)
      end
      self:settle(call, verdict)
    end
  end
end

-- What came of a call goes to the engine and the quota; the call is over, or queued again.
function Loop:settle(call, verdict)
  local now, least_wait_ns, outcome = self.host.now_ns(), 0, verdict.outcome
  if outcome == "throttled" then
    self.counters.throttled = self.counters.throttled + 1
    least_wait_ns = verdict.pause_ns
    self.quota:pause(now + least_wait_ns, now)
  elseif outcome == "retry" and self.engine:may_retry(call.id) then
    least_wait_ns = self.quota:retry(now, math.max(call.deadline_ns - now, 0))
  elseif outcome == "done" then
    self.quota:reward(now)
  end
  if outcome == "late" then call.late = call.late + 1 end
  local settled = self.engine:settle(call.id, outcome, least_wait_ns, now)
  call.settled_ns, call.message, call.info = now, verdict.message, verdict.info
  if settled == "retry" then
    self.counters.retries = self.counters.retries + 1
    self.flying[call.id] = nil
  elseif settled == "deadline" then
    self:expire(call, least_wait_ns > 0 and least_wait_ns or nil)
  elseif verdict.reply then
    self:finish(call, verdict.reply)
  else
    local tries = settled == "attempts" and (" (tried %d times)"):format(call.starts) or ""
    self:fail(call, verdict.message .. tries, verdict.info)
  end
end

local function judge(call, event)
  local verdict = classify.event(event, call.credentials and call.credentials.security_token)
  if verdict.reply and call.read then
    local value, message, info = call.read(verdict.reply)
    if value == nil then return { outcome = "retry", message = message, info = info } end
    verdict.reply = value
  end
  return verdict
end

function Loop:land(call, event)
  local verdict = judge(call, event)
  if call.permit and not call.sent then self:give_back(call.permit) end
  if event.first_byte_ns > 0 then self.quota:replied(event.sent_ns, event.first_byte_ns) end
  if verdict.mends and not self:mend(call, verdict, event) then verdict.outcome = "failed" end
  self:report(call, event, verdict)
  if not call.awaits then self:settle(call, verdict) end
end

-- A connection that can't be opened is an attempt of the call that would have been sent over it.
function Loop:fail_connection(event)
  local call = self:next_call()
  if call then
    self.flying[call.id] = call
    call.permit, call.sent, call.starts = nil, false, call.starts + 1
    call.attempt = self.engine:granted(call.id)
    self:land(call, event)
  end
end

function Loop:collect()
  for event in function() return self.net:collect() end do
    local call = self.flying[event.id]
    if call then
      if event.sent_ns > 0 then self:mark_sent(call, event) end
      if event.kind ~= "sent" then self:land(call, event) end
    elseif self.connections:is_failure(event) then
      self:fail_connection(event)
    end
  end
end

local INTERRUPTED = { class = "closed", code = "Interrupted" }

-- Takes the turn, if nobody has it or whoever had it is no more: a host may kill a coroutine in the middle of it.
function Loop:enter()
  local now = self.host.now_ns()
  if table.remove(self.turn_token) then
    self.turn_began_ns = now
    return true
  end
  self.turn_began_ns = math.min(self.turn_began_ns, now)
  if now - self.turn_began_ns <= LONGEST_TURN_NS then return false end
  self.turn_began_ns = now
  self.identity.session:restart()
  self:fail_flying("given up, because the host ended a coroutine in the middle of it", INTERRUPTED)
  return true
end

function Loop:leave()
  self.turned_ns, self.turn_began_ns = self.host.now_ns(), math.huge
  self.turn_token[1] = true
end

--- One turn: what may be sent is sent, what has come is settled. Never waits. Returns whether it was this caller's.
-- What on_call is to be told is left to who waits, or to tell_later. An error in the turn ends the calls on their way,
-- and is raised.
function Loop:turn()
  if self.closed or not self:enter() then return false end
  local ok, problem = pcall(function()
    if self.identity:advance() then self.news = true end
    self:end_renewal()
    self:collect() -- what a waiter's step has brought
    self.hurry = self:dispatch() or self:connect()
    local stepped, message, info = self.net:step(0)
    if not stepped then
      self.connections:drop()
      self:fail_waiting(message, info)
      return self:fail_flying(message, info)
    end
    self:collect()
  end)
  -- another coroutine may have closed it meanwhile, and with it what this turn was using
  if not ok and not self.closed then
    self:fail_flying("given up after an error in the client", INTERRUPTED)
    self:leave()
    error(problem, 0)
  end
  self:leave()
  return true
end

--- Whether there is something to turn the loop for, though nobody may wait for it.
function Loop:is_busy()
  return self.net:live() > 0 or self.identity.session:is_fetching() or self.untold[1] ~= nil
end

--- How long a waiter may sleep, unless something comes: nanoseconds.
function Loop:idle_ns()
  local now = self.host.now_ns()
  local longest_ns = self.quota:flush(now) and LONGEST_PAUSE_NS or QUOTA_BUSY_NS
  if self.hurry then return 0 end
  local next_ns = self.unconnected and UNCONNECTED_NS or self.engine:next(now)
  return math.min(next_ns or longest_ns, longest_ns, self.identity.session:idle_ns())
end

--- Lets the host turn the loop until until_done() is true; the host may ask that too, any number of times.
function Loop:wait(until_done)
  self.host.begin(self)
  self:tell()
  while not until_done() do
    if self.on_wait then self.on_wait() end
    if not self.closed then self.host.wait(self, until_done) end -- on_wait may close it
    self:tell()
  end
end

--- Opens a connection before there is a call for it; waits until it is there, or can't be had.
function Loop:warm()
  self.connections:warm()
  self:wait(function() return self.closed or not self.connections.warming end)
end

function Loop:close()
  if self.closed then return end
  self.closed = true
  self.identity:close()
  self.net:close()
  for _, calls in ipairs { self.calls, self.flying } do
    for _, call in pairs(calls) do self:fail_closed(call) end
  end
end

return M
