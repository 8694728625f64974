--- judge.lua - what the soak tests are judged by: when calls arrived at the emulator. And how they are run.
local ipc = require "certstat.ipc"

local judge = {}

local RATE, SECOND_US = 10, 1000000
local HOME_US = 1500000 -- before the first call: a new home counts as a window just used up, with the widest guard

function judge.expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

--- What the arrivals say: the shortest time that RATE + 1 calls took, the longest that none came, and calls a second:
-- RATE in the time from one call to the RATE-th after it, on average, as they come in bursts, the last of them cut off.
-- played: {began_us, ended_us}; none came before the first and after the last one either. nil: that is not looked at.
function judge.read(arrivals, throttled, played)
  local n = #arrivals
  judge.expect(n > RATE, "expected calls, found %d", n)
  local found = { calls = n, throttled = throttled, densest_us = math.huge, stall_us = 0 }
  for i = 2, n do found.stall_us = math.max(found.stall_us, arrivals[i] - arrivals[i - 1]) end
  if played then
    found.stall_us = math.max(found.stall_us, arrivals[1] - played.began_us - HOME_US, played.ended_us - arrivals[n])
  end
  local sum_us = 0
  for i = RATE + 1, n do
    local span_us = arrivals[i] - arrivals[i - RATE]
    found.densest_us = math.min(found.densest_us, span_us)
    sum_us = sum_us + span_us
  end
  found.per_second = RATE * (n - RATE) / (sum_us / SECOND_US)
  return found
end

--- The rule: never more than RATE calls in a second; nobody was throttled; and there was no longer pause than this.
function judge.keeps_rule(found, longest_stall_s)
  judge.expect(found.densest_us >= SECOND_US, "%d calls arrived within %.1f ms", RATE + 1, found.densest_us / 1000)
  judge.expect(found.throttled == 0, "%d calls were throttled", found.throttled)
  judge.expect(found.stall_us <= longest_stall_s * SECOND_US, "no call arrived for %.2f s", found.stall_us / SECOND_US)
end

function judge.say(found)
  return ("%.2f calls/s, %d in no less than %.1f ms"):format(found.per_second, RATE + 1, found.densest_us / 1000)
end

--- Plays, and checks the rule, and that it costs no more than it must; play() returns what Stage:finish does. Where
-- this machine keeps one reply waiting for a quarter of a second, the guard is rightly at its widest for the next
-- hundred calls: so speed has a second chance, the rule has none.
function judge.check(least_per_second, play)
  local found
  for _ = 1, 2 do
    found = judge.read(play())
    judge.keeps_rule(found, 2)
    if found.per_second >= least_per_second then break end
  end
  judge.expect(found.per_second >= least_per_second, "expected %.1f calls a second, found %.2f", least_per_second,
    found.per_second)
  return judge.say(found)
end

--- run(here, tests): each {name, function} on the stage `here`, and prints TAP.
function judge.run(here, tests)
  for i, test in ipairs(tests) do
    local began = ipc.now_ns()
    local ok, said = pcall(test[2])
    if not ok then pcall(here.finish, here) end
    print(("%s %d - %s%s # %d ms"):format(ok and "ok" or "not ok", i, test[1], ok and ": " .. said or "",
      math.floor((ipc.now_ns() - began) / 1e6)))
    if not ok then print("# " .. tostring(said):gsub("\n", "\n# ")) end
    io.stdout:flush()
  end
  print("1.." .. #tests)
  here:close()
end

return judge
