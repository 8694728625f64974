--- The emulator's quotas: one for each account.
local fixed = require "certstat.emulator.quota.fixed"
local sliding = require "certstat.emulator.quota.sliding"

local M = {}
local Quota = {}
Quota.__index = Quota
Quota.__name = "certstat.emulator.quota"

local WINDOWS = { fixed = fixed, sliding = sliding }

--- new{rate=, window_us=, switches=} → quota. rate: calls in any window; window_us: microseconds; switches: see
-- certstat.emulator.switches.
function M.new(options)
  return setmetatable({
    rate = options.rate, window_us = options.window_us, switches = options.switches, of = {},
  }, Quota)
end

--- take(account, arrival_us) → true; or false, the whole milliseconds until a call may be accepted again, and the rate
-- that it was judged by.
function Quota:take(account, arrival_us)
  local kind = self.switches.window
  local name = kind .. "\n" .. account
  local one = self.of[name]
  if not one then
    one = WINDOWS[kind].new(self.rate, self.window_us)
    self.of[name] = one
  end
  local ok, retry_after_ms = one:take(arrival_us)
  return ok, retry_after_ms, self.rate
end

return M
