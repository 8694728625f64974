-- door.lua SECONDS FIRST LAST - eight processes whose calls take 0 to 80 ms to the emulator, evenly at random, for
-- SECONDS with each of the seeds FIRST to LAST. Prints TAP.
local judge = require "spec.soak.judge"
local stage = require "spec.soak.stage"

local SECONDS, FIRST, LAST = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local CALLERS, MOST_MS = 8, 80

local here = stage.new()

local function through_a_door(seed)
  here:begin()
  here:open_door(seed, MOST_MS)
  for _ = 1, CALLERS do here:start("audit", "adapts") end
  here:pass(SECONDS)
  return here:finish()
end

local tests = {}
for seed = FIRST, LAST do
  local name = ("0 to %d ms to the door, from the first call on, seed %d"):format(MOST_MS, seed)
  tests[#tests + 1] = { name, function() return judge.check(8.5, function() return through_a_door(seed) end) end }
end
judge.run(here, tests)
