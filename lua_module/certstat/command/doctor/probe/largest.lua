--- The largest number that is accepted, found with few tries: first the largest that there may be, then round numbers
-- from above, as limits are; whether it is just that one; then halves.
local Largest = { __name = "certstat.command.doctor.probe.largest" }
Largest.__index = Largest

local M = {}

local ROUND = { 500, 200, 100, 50, 20, 10, 1 }

--- new(top) → largest, of the numbers from 1 to top. largest.good: the largest known to be accepted, 0 for none;
-- largest.bad: the least known not to be.
function M.new(top) return setmetatable({ top = top, good = 0, bad = top + 1 }, Largest) end

--- next() → the number to try next; nil where the largest is known.
function Largest:next()
  if self.bad - self.good <= 1 then return nil end
  if self.bad > self.top then return self.top end
  if self.good == 0 then
    for _, number in ipairs(ROUND) do
      if number < self.bad then return number end
    end
  end
  return self.is_round and self.good + 1 or math.floor((self.good + self.bad) / 2)
end

--- tell(number, accepted): what came of a try.
function Largest:tell(number, accepted)
  if accepted then
    self.is_round = self.good == 0
    self.good = number
  else
    self.is_round = false
    self.bad = number
  end
end

return M
