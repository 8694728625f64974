--- Random numbers that a seed repeats on every Lua, and the distributions that a latency may have.
-- Source: Park and Miller's generator with the multiplier of their later remark (Communications of the ACM 31 (1988)
-- 1192 and 36 (1993) 105); exact in doubles.
local M = {}
local Random = {}
Random.__index = Random
Random.__name = "certstat.emulator.faults.random"

local MODULUS, MULTIPLIER = 2147483647, 48271

--- new(seed) → generator. seed: a whole number from 0 on.
function M.new(seed)
  local self = setmetatable({ state = seed % (MODULUS - 1) + 1 }, Random)
  for _ = 1, 4 do self:next() end -- seeds that lie near each other begin with numbers that do
  return self
end

--- The next number, above 0 and below 1.
function Random:next()
  self.state = self.state * MULTIPLIER % MODULUS
  return self.state / MODULUS
end

-- Box and Muller, Annals of Mathematical Statistics 29 (1958) 610
local function normal(random)
  local radius = math.sqrt(-2 * math.log(random:next()))
  return radius * math.cos(2 * math.pi * random:next())
end

--- One number of a distribution: a number is always itself; {uniform = {least, most}}; {exponential = mean};
-- {lognormal = {median, sigma}}, which has the long tail of real services.
function Random:draw(distribution)
  if type(distribution) == "number" then return distribution end
  local uniform, exponential, lognormal = distribution.uniform, distribution.exponential, distribution.lognormal
  if uniform then return uniform[1] + (uniform[2] - uniform[1]) * self:next() end
  if exponential then return -exponential * math.log(self:next()) end
  return lognormal[1] * math.exp(lognormal[2] * normal(self))
end

return M
