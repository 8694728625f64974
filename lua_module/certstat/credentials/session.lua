--- The credentials that are in use: fetched where they have to be, and fetched anew before they expire, in the
-- background of whoever turns the loop. The old ones stay until they have truly expired.
local ipc = require "certstat.ipc"
local steps = require "certstat.credentials.steps"

local Session = { __name = "certstat.credentials.session" }
Session.__index = Session

local M = {}

-- New ones are asked for when a quarter of their time is left, but 15 minutes before its end at the earliest, and each
-- process a little earlier than that by chance: many that began together don't ask together.
local SHARE, EARLIEST_S, JITTER = 0.25, 900, 0.25
local FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 60 -- after a failure; it doubles
local LOOK_NS = 5e6 -- how long whoever waits for a fetch may sleep

local function random() -- from 0 up to 1
  local a, b = assert(ipc.random(2)):byte(1, 2)
  return (a * 256 + b) / 65536
end

local REFUSED = { class = "denied", code = "NoCredentials" }

local function is_same(a, b)
  return a.access_key_id == b.access_key_id and a.security_token == b.security_token
end

-- Whether the current ones have not expired.
local function is_valid(self, now_ns) return self.current ~= nil and now_ns < self.expires_ns end

local function take(self, found, now_ns)
  local seconds = found.expires_in
  self.current, self.facts, self.failure, self.failures, self.refused = found, found, nil, 0, nil
  self.expires_ns = seconds and now_ns + seconds * 1e9 or math.huge
  local ahead = seconds and math.min(seconds * SHARE, EARLIEST_S) * (1 + JITTER * self.random())
  self.due_ns = seconds and now_ns + (seconds - ahead) * 1e9 or math.huge
end

local function fail(self, message, info, now_ns)
  local pause_s = math.min(FIRST_PAUSE_S * 2 ^ self.failures, LONGEST_PAUSE_S) * (1 - JITTER * self.random())
  self.failures, self.failure = self.failures + 1, { message = message, info = info }
  self.due_ns = now_ns + pause_s * 1e9
end

-- Takes what has been found.
local function settle(self, found, message, info)
  if found and self.refused and is_same(found, self.current) then
    found, message, info = nil, "the service refuses them, and those found anew are the same", REFUSED
  end
  if found then take(self, found, self.now_ns()) else fail(self, message, info, self.now_ns()) end
end

-- Goes on with an outcome as far as it can be gone without waiting.
local function follow(self, found, message, info)
  while steps.is(found) do
    self.facts = not self.current and found.facts or self.facts
    local begun, why = self.fetch:begin(found)
    if begun then
      self.continue = found.continue -- what it asks for may hold a token
      return
    end
    found, message, info = found.continue(nil, why)
  end
  self.continue = nil
  settle(self, found, message, info)
end

--- new{ask =, fetch =, now_ns =, random =} → session. ask() → an outcome: credentials as certstat.credentials.new makes
-- them, a step, or nil, message, info; fetch: see certstat.credentials.fetch; now_ns: nanoseconds that never step;
-- random: a function of nothing, from 0 up to 1 (the system's).
-- It asks at once, and begins no step before the first turn: that may be in another process, forked meanwhile, which
-- asks again, as what a step has in it may be old by then.
-- session.current: the credentials, expired or not, nil before the first; session.facts: what is known of them before.
function M.new(options)
  local session = setmetatable({
    ask = options.ask, fetch = options.fetch, now_ns = options.now_ns, random = options.random or random,
    due_ns = 0, expires_ns = 0, facts = {}, failures = 0,
  }, Session)
  local found, message, info = session.ask(false)
  if steps.is(found) then
    session.facts = found.facts or session.facts
  else
    settle(session, found, message, info)
  end
  return session
end

--- One turn: what is due is begun, what is under way is moved on. Never waits. Returns whether an attempt has ended.
function Session:advance()
  if self.continue then
    local done, reply, why = self.fetch:poll()
    if not done then return false end
    follow(self, self.continue(reply, why))
  elseif self.now_ns() >= self.due_ns then
    follow(self, self.ask(is_valid(self, self.now_ns())))
  else
    return false
  end
  return not self.continue
end

--- take() → the credentials to sign with now; or false, nanoseconds, while they are fetched; or nil, message, info.
function Session:take()
  local valid = is_valid(self, self.now_ns()) and not self.refused
  if valid then return self.current end
  if self.continue or self.now_ns() >= self.due_ns then return false, LOOK_NS end
  return nil, self.failure.message, self.failure.info
end

--- wait(host) → the credentials, or nil, message, info, as take; it waits for them as the host lets it.
function Session:wait(host)
  while true do
    self:advance()
    local found, message, info = self:take()
    if found ~= false then return found, message, info end
    local ok
    ok, message = host.may_wait()
    if not ok then return nil, message, { class = "argument", code = "CannotWait" } end
    self.fetch:pause(host, LOOK_NS)
  end
end

--- The service calls the current ones expired: others are fetched now, and these serve no more.
function Session:refuse()
  if self.refused then return end
  if not self.continue then self.due_ns = 0 end
  self.refused = true -- last: who is killed before has changed nothing but when others are asked for
end

--- Whether others are being fetched: that goes on only as long as somebody turns it.
function Session:is_fetching() return self.continue ~= nil end

--- How long a waiter may sleep: nanoseconds.
function Session:idle_ns()
  if self.continue then return LOOK_NS end
  return math.max(0, self.due_ns - self.now_ns())
end

--- Gives up what is under way, and asks again: whoever did it may have been stopped in the middle.
function Session:restart()
  self.fetch:stop()
  if self.continue then self.continue, self.due_ns = nil, 0 end
end

function Session:close() self.fetch:close() end

return M
