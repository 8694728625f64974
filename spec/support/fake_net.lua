--- fake_net.lua - a certstat.net in virtual time: a script says what comes of each request, and when.
local Net = {}
Net.__index = Net

local fake_net = {}

local MS = 1000000
local SPINNING = 1000 -- steps in a row in which neither time nor anything else moves

--- new(clock, script) → net. clock.now: nanoseconds, which a step that waits moves on.
-- script(request, n) → what comes of the n-th request: a table, all of it optional:
--   refuse = {message, info}       start fails
--   sent_ms = 1                    until its first byte leaves; false: it never does
--   step_ms = 0                    what the step in which it leaves takes then
--   ms = 20                        from then (or from the start) to the end
--   status, headers, body          the reply
--   class, message                 or why there is none
--   close = true                   with which its connection ends
-- connect(n) → what comes of the n-th opening of a connection: {ms = 0, class =, message =, refuse =}, likewise.
-- Without it there are always enough of them.
-- As the real one: what is later than not_after_ns is not sent, and what takes longer than total_ns fails, as does a
-- connection that takes longer than connect_ns.
-- net.started has every request, with at, and sent_ns once it has left; net.opened when each connection was begun.
function fake_net.new(clock, script, connect)
  return setmetatable({ clock = clock, script = script, connect = connect, started = {}, opened = {}, idle = 0,
    opening = 0, due = {}, queue = {}, idle_steps = 0, stepped_at = 0 }, Net)
end

local function check_open(self)
  if self.closed then error("bad argument #1 (is closed)", 3) end
end

function Net:plan(at, event)
  event.order, event.at = #self.started, at
  table.insert(self.due, event)
end

local function late(request, at)
  return { kind = "failed", too_late = true, class = "deadline", sent_ns = 0, first_byte_ns = 0, http_status = 0,
    done_ns = at, new_connection = false, message = "fake: not sent, its time to leave had passed", id = request.id }
end

local function ending(request, plan, sent, at)
  local left = sent > 0 and sent + (plan.step_ms or 0) * MS or 0
  local event = { id = request.id, sent_ns = sent, left_ns = left, done_ns = at, new_connection = false }
  if plan.class then
    event.kind, event.class, event.message = "failed", plan.class, plan.message or "fake: no reply"
    event.http_status, event.first_byte_ns, event.refused = 0, 0, plan.refused
  else
    event.first_byte_ns = at
    event.kind, event.http_status, event.headers = "reply", plan.status or 200, plan.headers or {}
    event.body = plan.body or ""
  end
  return event
end

function Net:ready()
  check_open(self)
  if not self.connect then return 1000, 0 end
  return self.idle, self.opening
end

function Net:open(request)
  table.insert(self.opened, self.clock.now)
  local plan = self.connect(#self.opened) or {}
  if plan.refuse then return nil, plan.refuse[1], plan.refuse[2] end
  self.opening = self.opening + 1
  local at, limit = self.clock.now + (plan.ms or 0) * MS, self.clock.now + request.connect_ns
  if at > limit then plan, at = { class = "network", message = "fake: timed out" }, limit end
  local event = { kind = "connected", id = request.id, sent_ns = 0, new_connection = true, opens = true }
  if plan.class then
    event = ending(request, plan, 0, at)
    event.opens = true
  end
  self:plan(at, event)
  return true
end

function Net:start(request)
  check_open(self)
  if request.connect_only then return self:open(request) end
  if self.connect then
    if self.idle == 0 then error("fake_net: a request without a connection", 0) end
    self.idle = self.idle - 1
  end
  table.insert(self.started, request)
  request.at = self.clock.now
  local plan = self.script(request, #self.started) or {}
  if plan.refuse then return nil, plan.refuse[1], plan.refuse[2] end
  local sent = 0
  local leaves = request.at
  if plan.sent_ms ~= false then
    leaves = leaves + (plan.sent_ms or 1) * MS
    if leaves > request.not_after_ns then
      self:plan(leaves, late(request, leaves))
      return true
    end
    sent = leaves
  end
  local ends, limit = leaves + (plan.ms or 20) * MS, request.at + request.total_ns
  if ends > limit then
    plan = { class = "network", message = "fake: timed out" }
    ends = math.floor(limit)
  end
  local event = ending(request, plan, sent, ends)
  if sent > 0 then
    self:plan(leaves, { kind = "sent", id = request.id, sent_ns = sent, left_ns = event.left_ns,
      new_connection = false, request = request })
  end
  event.keeps = self.connect and not plan.close and not plan.class
  self:plan(ends, event)
  return true
end

local function without(list, id)
  local rest = {}
  for _, event in ipairs(list) do
    if event.id ~= id then rest[#rest + 1] = event end
  end
  return rest
end

function Net:drop(id)
  check_open(self)
  self.due, self.queue = without(self.due, id), without(self.queue, id)
end

local function goes_before(a, b)
  if a.at ~= b.at then return a.at < b.at end
  if a.order ~= b.order then return a.order < b.order end
  return a.kind == "sent" and b.kind ~= "sent"
end

function Net:step(wait_ns)
  check_open(self)
  if self.fails then return nil, self.fails[1], self.fails[2] end
  table.sort(self.due, goes_before)
  local before = self.clock.now
  if wait_ns > 0 and #self.queue == 0 then
    local next_at = self.due[1] and self.due[1].at or math.huge
    self.clock.now = math.max(before, math.floor(math.min(before + wait_ns, next_at)))
  end
  local moved = self.clock.now > self.stepped_at
  self.stepped_at = self.clock.now
  while self.due[1] and self.due[1].at <= self.clock.now do
    local event = table.remove(self.due, 1)
    if event.request then event.request.sent_ns = event.sent_ns end
    if event.opens then self.opening = self.opening - 1 end
    if event.kind == "connected" or event.keeps then self.idle = self.idle + 1 end
    table.insert(self.queue, event)
    moved = true
  end
  self.idle_steps = moved and 0 or self.idle_steps + 1
  if self.idle_steps > SPINNING then error("fake_net: the loop spins", 0) end
  return true
end

function Net:collect()
  check_open(self)
  return table.remove(self.queue, 1)
end

function Net:live()
  local ids, n = {}, 0
  for _, list in ipairs { self.due, self.queue } do
    for _, event in ipairs(list) do
      if not ids[event.id] then ids[event.id], n = true, n + 1 end
    end
  end
  return n
end

function Net:close() self.closed = true end

return fake_net
