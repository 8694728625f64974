--- The emulator's quotas: one for each account, and one for each operation of an account that has a rate of its own.
local fixed = require "certstat.emulator.quota.fixed"
local sliding = require "certstat.emulator.quota.sliding"

local M = {}
local Quota = {}
Quota.__index = Quota
Quota.__name = "certstat.emulator.quota"

local WINDOWS = { fixed = fixed, sliding = sliding }

--- new{rate=, rates=, window_us=, switches=} → quota. rate: calls of an account in a window; rates: of operations that
-- count by themselves, by name, or nil; window_us: microseconds; switches: see certstat.emulator.switches.
function M.new(options)
  return setmetatable({
    rate = options.rate, rates = options.rates or {}, window_us = options.window_us, switches = options.switches,
    of = {},
  }, Quota)
end

--- take(account, operation, arrival_us) → true; or false, the whole milliseconds until a call may be accepted again,
-- and the rate that it was judged by.
function Quota:take(account, operation, arrival_us)
  local kind, own = self.switches.window, self.rates[operation]
  local name = kind .. "\n" .. account .. "\n" .. (own and operation or "")
  local one = self.of[name]
  if not one then
    one = WINDOWS[kind].new(own or self.rate, self.window_us)
    self.of[name] = one
  end
  local ok, retry_after_ms = one:take(arrival_us)
  return ok, retry_after_ms, own or self.rate
end

return M
