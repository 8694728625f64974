--- A quota: at most `rate` calls in any `window`, for everyone who shares the object.
local core = require "certstat.core"
local ipc = require "certstat.ipc"

local Quota = { __name = "certstat.quota.lua" }
Quota.__index = Quota

local M = {}

local function number(options, name, default, least, most)
  local value = options[name]
  if value == nil then value = default end
  if type(value) ~= "number" or not (value >= least and value <= most) then
    error(("quota: field '%s': expected a number from %g to %g, found %s"):format(name, least, most,
      tostring(value)), 3)
  end
  return value
end

--- new{rate=, window=, guard=, hold=} → quota.
-- rate: calls, 1 to 400 (default 10). window, guard, hold: seconds (1, 0.1, 0.25). The guard is added to each window,
-- for what calls' travel times may differ. A permit is good for `hold` seconds; the call leaves within them, or not.
function M.new(options)
  options = options or {}
  if options.file ~= nil then error("quota: a quota file is not supported by this version", 2) end
  local rate = number(options, "rate", 10, 1, 400)
  if rate % 1 ~= 0 then error("quota: field 'rate': expected a whole number, found " .. rate, 2) end
  return setmetatable({
    hold_ns = math.floor(number(options, "hold", 0.25, 0, 3600) * 1e9),
    state = core.quota {
      rate = rate,
      window_ns = math.floor(number(options, "window", 1, 1e-3, 86400) * 1e9),
      guard_ns = math.floor(number(options, "guard", 0.1, 0, 86400) * 1e9),
    },
  }, Quota)
end

--- Asks for a permit for a call in `lane` ("gate", "interactive" (default), "audit").
-- Returns 0 and the permit, or the seconds until it is worth asking again. With 0 the call may leave within `hold`
-- seconds from now. Say quota:sent(permit) when it leaves: until then it is booked at the end of these.
function Quota:take(lane)
  local wait_ns, permit = self.state:take(lane or "interactive", ipc.now_ns(), self.hold_ns)
  return wait_ns / 1e9, permit
end

--- The call of this permit leaves now.
function Quota:sent(permit)
  self.state:sent(permit, ipc.now_ns())
end

--- Nothing of the call of this permit has left, nor will.
function Quota:give_back(permit)
  self.state:give_back(permit)
end

return M
