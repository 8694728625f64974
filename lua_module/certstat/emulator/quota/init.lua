--- The emulator's quotas: one for each account.
local sliding = require "certstat.emulator.quota.sliding"

local M = {}
local Quota = {}
Quota.__index = Quota
Quota.__name = "certstat.emulator.quota"

--- new{rate=, window_us=} → quota. rate: calls in any window; window_us: microseconds.
function M.new(options)
  return setmetatable({ rate = options.rate, window_us = options.window_us, of = {} }, Quota)
end

--- take(account, arrival_us) → true; or false and the whole milliseconds until a call may be accepted again.
function Quota:take(account, arrival_us)
  local one = self.of[account]
  if not one then
    one = sliding.new(self.rate, self.window_us)
    self.of[account] = one
  end
  return one:take(arrival_us)
end

return M
