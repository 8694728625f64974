--- A quota: at most `rate` calls in any `window`, for everyone who shares the object, or the file that it is in.
local core = require "certstat.core"
local home = require "certstat.home"
local host = require "certstat.host"
local ipc = require "certstat.ipc"

local Quota = { __name = "certstat.quota.lua" }
Quota.__index = Quota

local M = {}

local LONGEST_HOLD = 120 -- seconds; a file keeps no longer ones

local function number(options, name, least, most, default)
  local value = options[name]
  if value == nil then return default end
  if type(value) ~= "number" or not (value >= least and value <= most) then
    error(("quota: field '%s': expected a number from %g to %g, found %s"):format(name, least, most,
      core.printable(tostring(value), 80)), 3)
  end
  return value
end

local function path(options, name)
  local value = options[name]
  if value ~= nil and (type(value) ~= "string" or value == "" or value:find("%z")) then
    error(("quota: field '%s': expected a path, found %s"):format(name, core.printable(tostring(value), 80)), 3)
  end
  return value
end

local FIELDS = { rate = true, window = true, guard = true, hold = true, file = true, home = true, account = true }

local function check(options)
  if type(options) ~= "table" then error("quota: expected a table, found " .. type(options), 3) end
  for name in pairs(options) do
    if not FIELDS[name] then error(("quota: unknown field '%s'"):format(core.printable(tostring(name), 80)), 3) end
  end
end

local function nanoseconds(seconds) return seconds and math.floor(seconds * 1e9) end

-- The state: in a file where one is named, else in memory.
local function open(rule, file, folder, account)
  if folder then
    rule.home, rule.name = folder, "quota/" .. account
  elseif file then
    local above, name = file:match("^(.*)/([^/]*)$")
    rule.home, rule.name = above == "" and "/" or above or ".", name or file
  else
    return core.quota(rule)
  end
  return ipc.quota(rule)
end

--- new{rate=, window=, guard=, hold=, file= | home=, account=} → quota; or nil, message, info.
-- rate: calls, 1 to 400 (10) in any window of so many seconds (1). guard: seconds added to each window, for what calls'
-- travel times may differ; without it the quota chooses it by the replies that it is told of: 0.1 at first. A permit is
-- good for `hold` seconds (0.25): the call leaves within them, or not.
-- file: a path; all who name it share one quota. home, account: the same, in a home (see certstat.home). Without either
-- the quota is this object's alone. In a server the file is not opened before its first use, by the user who serves.
function M.new(options)
  options = options or {}
  check(options)
  local rate = number(options, "rate", 1, 400, 10)
  if rate % 1 ~= 0 then error("quota: field 'rate': expected a whole number, found " .. rate, 2) end
  local rule = {
    rate = rate, window_ns = nanoseconds(number(options, "window", 1e-3, 86400, 1)),
    guard_ns = nanoseconds(number(options, "guard", 0, 86400)), later = host.detect().forks,
  }
  local hold_ns = nanoseconds(number(options, "hold", 0, LONGEST_HOLD, 0.25))
  local state, message, info = open(rule, path(options, "file"), path(options, "home"), options.account or "default")
  if not state then return nil, "quota: " .. message, info end
  return setmetatable({ hold_ns = hold_ns, state = state, rate = rate }, Quota)
end

--- of_account{rate=, guard=, home=, account=, getenv=} → the quota of an account of the service, shared through the
-- home by all who call in its name; or nil, message, info. Where nobody named a home, and the usual one can't be used,
-- or this is a server, where whoever starts it is not the user who serves: a quota in memory, and a line that says so.
function M.of_account(options)
  local account, message, info = home.account(options.account, options.getenv)
  if not account then return nil, message, info end
  local folder, named = home.find(options.home, options.getenv)
  local quota
  if not named and host.detect().forks then
    message = "quota: no home is named (option home, or CERTSTAT_HOME)"
  elseif folder then
    quota, message, info = M.new { rate = options.rate, guard = options.guard, home = folder, account = account }
    if quota or named then return quota, message, info end
  else
    message = "quota: neither CERTSTAT_HOME nor HOME is set"
  end
  return M.new { rate = options.rate, guard = options.guard },
    message .. "; it is kept in memory, and shared with nobody"
end

--- Asks for a permit for a call in `lane` ("gate", "interactive" (default), "audit").
-- Returns 0 and the permit; or the seconds until it is worth asking again; or nil, message, info where the file can't
-- be used. With 0 the call may leave within `hold` seconds from now. Say quota:sent(permit) when it has left: until
-- then it is booked at the end of these.
function Quota:take(lane)
  local wait_ns, permit, info = self.state:take(lane or "interactive", ipc.now_ns(), self.hold_ns)
  if not wait_ns then return nil, "quota: " .. permit, info end
  return wait_ns / 1e9, permit
end

--- The call of this permit has begun to leave by now.
function Quota:sent(permit)
  self.state:sent(permit, ipc.now_ns())
end

--- Nothing of the call of this permit has left, nor will.
function Quota:give_back(permit)
  self.state:give_back(permit)
end

--- A reply began to come so many seconds after its call had left: what the guard is chosen by.
function Quota:replied(seconds)
  local now = ipc.now_ns()
  self.state:replied(now - math.floor(seconds * 1e9), now)
end

--- The service throttled: nobody gets a permit for so many seconds, 120 at most.
function Quota:pause(seconds)
  local now = ipc.now_ns()
  self.state:pause(now + math.floor(seconds * 1e9), now)
end

--- Lets go of the file; a quota in memory has nothing to close. Calling it again does nothing.
function Quota:close()
  self.state:close()
end
Quota.__close = Quota.close -- no __gc: a loop may still use the state, which has one

return M
