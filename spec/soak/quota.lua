-- quota.lua SECONDS SEEDS - many processes, one quota, and the emulator's log as the judge of when calls arrived. Each
-- test runs for SECONDS; what depends on chance is tried with SEEDS seeds. Prints TAP.
local certstat = require "certstat"
local ipc = require "certstat.ipc"
local stage = require "spec.soak.stage"

local SECONDS, SEEDS = tonumber(arg[1]), tonumber(arg[2])
local CALLERS, RATE, SECOND_US = 8, 10, 1000000

local here = stage.new()

-- What the arrivals say: the shortest time that RATE + 1 calls took, the longest that none came, and calls a second:
-- RATE in the time from one call to the RATE-th after it, on average, as they come in bursts, the last of them cut off.
local function judge(arrivals, throttled)
  local n = #arrivals
  if n <= RATE then error(("expected calls, found %d"):format(n), 2) end
  local found = { calls = n, throttled = throttled, densest_us = math.huge, stall_us = 0 }
  for i = 2, n do found.stall_us = math.max(found.stall_us, arrivals[i] - arrivals[i - 1]) end
  local sum_us = 0
  for i = RATE + 1, n do
    local span_us = arrivals[i] - arrivals[i - RATE]
    found.densest_us = math.min(found.densest_us, span_us)
    sum_us = sum_us + span_us
  end
  found.per_second = RATE * (n - RATE) / (sum_us / SECOND_US)
  return found
end

local function expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

-- Plays, and checks the rule, and that it costs no more than it must. Where this machine keeps one reply waiting for
-- a quarter of a second, the guard is rightly at its widest for the next hundred calls: so speed has a second chance,
-- the rule has none.
local function check(least_per_second, play)
  local found
  for _ = 1, 2 do
    found = judge(play())
    expect(found.densest_us >= SECOND_US, "%d calls arrived within %.1f ms", RATE + 1, found.densest_us / 1000)
    expect(found.throttled == 0, "%d calls were throttled", found.throttled)
    expect(found.stall_us <= 2 * SECOND_US, "no call arrived for %.2f s", found.stall_us / SECOND_US)
    if found.per_second >= least_per_second then break end
  end
  expect(found.per_second >= least_per_second, "expected %.1f calls a second, found %.2f", least_per_second,
    found.per_second)
  return ("%.2f calls/s, %d in no less than %.1f ms"):format(found.per_second, RATE + 1, found.densest_us / 1000)
end

local function start_all(guard)
  for _ = 1, CALLERS do here:start("audit", guard) end
end

local function at_full_demand(guard)
  here:begin()
  start_all(guard)
  here:pass(SECONDS)
  return here:finish()
end

local function in_one_process(how)
  here:begin()
  here:share(how, SECONDS)
  here:pass(SECONDS)
  return here:finish()
end

local function with_a_kill_each_second()
  math.randomseed(20261124)
  here:begin()
  start_all("adapts")
  for _ = 1, SECONDS do
    here:pass(1)
    here:replace(math.random(CALLERS), "audit", "adapts")
  end
  return here:finish()
end

local function through_a_door(seed)
  here:begin()
  here:open_door(seed, 80)
  start_all("adapts")
  here:pass(SECONDS)
  return here:finish()
end

local function over_new_connections()
  here:begin()
  here:open_tls_door(150)
  start_all("adapts")
  here:pass(SECONDS)
  return here:finish()
end

-- A throttle that one of them gets holds for all: what had left before is at the door within 100 ms.
local function throttled_once()
  here:begin()
  here:open_door(1, 0, 25)
  start_all("adapts")
  here:pass(SECONDS)
  local at_us, after = here:throttled_us(), nil
  for _, arrival in ipairs(here:finish()) do
    if arrival > at_us + 100000 then
      after = arrival - at_us
      break
    end
  end
  expect(after, "no call came after the throttle")
  expect(after >= 1500000 - 1000 and after < 3 * SECOND_US, "the next call came after %.3f s", after / SECOND_US)
  return ("the next call came after %.3f s"):format(after / SECOND_US)
end

local function waiting(pause)
  here:begin()
  local until_us = ipc.wall_ns() / 1000 + pause * SECOND_US
  assert(certstat.quota { home = here.home }):pause(pause)
  for _ = 1, CALLERS do here:start("interactive", "adapts", "once") end
  local used = 0
  for caller = 1, CALLERS do used = used + here:cost_of(caller, pause + 20) end
  local arrivals = here:finish()
  expect(#arrivals == CALLERS, "expected %d calls, found %d", CALLERS, #arrivals)
  expect(arrivals[1] >= until_us - 1000, "a call came %.3f s too early", (until_us - arrivals[1]) / SECOND_US)
  expect(used < 0.4, "they used %.3f s of processor time", used)
  return ("%.3f s of processor time for %d processes over %d s"):format(used, CALLERS, pause)
end

-- A call has four attempts, of which three are paid by a budget of ten retries, and one more each two seconds.
local function out_of_order()
  here:begin()
  here:open_dead_end()
  for _ = 1, CALLERS do here:start("audit", "adapts", "in-vain") end
  here:pass(SECONDS)
  local requests, used = here:at_dead_end(), 0
  for caller = 1, CALLERS do used = used + here:used_by(caller) end
  here:finish()
  local most = math.ceil((10 + SECONDS / 2) * 4 / 3) + CALLERS
  expect(requests > CALLERS and requests <= most, "expected %d to %d requests, found %d", CALLERS + 1, most, requests)
  expect(used > 0 and used < 0.4, "they used %.3f s of processor time", used)
  return ("%d requests of %d processes, and %.3f s of processor time"):format(requests, CALLERS, used)
end

-- The first waits until the burst before it has left the window; the others find two permits left free for them.
local function gate_among_audits()
  here:begin()
  start_all("adapts")
  here:pass(3)
  local waits = {}
  for i = 1, 3 do
    local _, all = here:cost_of(here:start("gate", "adapts", "once"), 20)
    waits[i] = ("%.3f s"):format(all)
    expect(all < (i == 1 and 1.3 or 0.3), "call %d of the gate took %.3f s", i, all)
  end
  here:pass(1)
  local found = judge(here:finish())
  expect(found.densest_us >= SECOND_US, "%d calls arrived within %.1f ms", RATE + 1, found.densest_us / 1000)
  return table.concat(waits, ", ")
end

local tests = {
  { "eight processes at full demand, one killed each second",
    function() return check(8.0, with_a_kill_each_second) end },
  { "eight processes with a guard of 50 ms",
    function() return check(9.3, function() return at_full_demand("50") end) end },
  { "eight processes with the guard they choose",
    function() return check(8.8, function() return at_full_demand("adapts") end) end },
  { "eight threads", function() return check(8.0, function() return in_one_process("threads") end) end },
  { "eight children of a process that had the file open",
    function() return check(8.0, function() return in_one_process("children") end) end },
  { "every connection new, over TLS and 150 ms in the making",
    function() return check(8.5, over_new_connections) end },
  { "a gate goes before eight audits", gate_among_audits },
  { "a throttle of 1,500 ms holds for all", throttled_once },
  { "a service that is out of order gets a trickle", out_of_order },
  { "eight processes that wait use no processor", function() return waiting(math.floor(SECONDS / 3)) end },
}
for seed = 1, SEEDS do
  local name = ("0 to 80 ms to the door, from the first call on, seed %d"):format(seed)
  table.insert(tests, { name, function() return check(8.5, function() return through_a_door(seed) end) end })
end

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
