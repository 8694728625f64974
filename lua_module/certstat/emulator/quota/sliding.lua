--- A sliding window: at most `rate` accepted calls in any window, judged by when they arrived.
local M = {}
local Sliding = {}
Sliding.__index = Sliding
Sliding.__name = "certstat.emulator.quota.sliding"

--- new(rate, window_us) → window. rate: calls; window_us: microseconds.
function M.new(rate, window_us)
  return setmetatable({ rate = rate, window_us = window_us, first = 1, last = 0, arrivals = {} }, Sliding)
end

-- A call whose body took time to arrive is judged after one that came later: arrivals are kept sorted, and
-- every window around the new one is looked at.
local function insert(self, arrival_us)
  local arrivals, at = self.arrivals, self.last + 1
  while at > self.first and arrivals[at - 1] > arrival_us do
    arrivals[at] = arrivals[at - 1]
    at = at - 1
  end
  arrivals[at] = arrival_us
  self.last = self.last + 1
  return at
end

local function remove(self, at)
  for i = at, self.last - 1 do self.arrivals[i] = self.arrivals[i + 1] end
  self.arrivals[self.last] = nil
  self.last = self.last - 1
end

local function drop_old(self)
  local arrivals = self.arrivals
  while self.last - self.first + 1 > 2 * self.rate do
    arrivals[self.first] = nil
    self.first = self.first + 1
  end
end

--- take(arrival_us) → true; or false and the whole milliseconds until a call may be accepted again.
function Sliding:take(arrival_us)
  local arrivals, rate = self.arrivals, self.rate
  local at = insert(self, arrival_us)
  for from = math.max(self.first, at - rate), math.min(at, self.last - rate) do
    if arrivals[from + rate] - arrivals[from] < self.window_us then
      remove(self, at)
      local free_us = arrivals[self.last - rate + 1] + self.window_us
      return false, math.max(1, math.ceil((free_us - arrival_us) / 1000))
    end
  end
  drop_old(self)
  return true
end

return M
