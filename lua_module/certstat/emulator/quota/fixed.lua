--- A fixed window: at most `rate` accepted calls from each whole multiple of the window on, judged by when they
-- arrived.
local M = {}
local Fixed = {}
Fixed.__index = Fixed
Fixed.__name = "certstat.emulator.quota.fixed"

--- new(rate, window_us) → window. rate: calls; window_us: microseconds.
function M.new(rate, window_us)
  return setmetatable({ rate = rate, window_us = window_us, number = 0, count = 0, before = 0 }, Fixed)
end

-- Makes `number` the newest window.
local function advance(self, number)
  self.before = number == self.number + 1 and self.count or 0
  self.number, self.count = number, 0
end

--- take(arrival_us) → true; or false and the whole milliseconds until a call may be accepted again. A call whose body
-- took time to arrive is judged after later ones, so the window before the newest is still open; older ones are closed.
function Fixed:take(arrival_us)
  local number = math.floor(arrival_us / self.window_us)
  if number > self.number then advance(self, number) end
  local name = number == self.number and "count" or "before"
  if number >= self.number - 1 and self[name] < self.rate then
    self[name] = self[name] + 1
    return true
  end
  return false, math.max(1, math.ceil(((number + 1) * self.window_us - arrival_us) / 1000))
end

return M
