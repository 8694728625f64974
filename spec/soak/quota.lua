-- quota.lua SECONDS - many callers, one quota, and the emulator's log as the judge of when calls arrived. Each test
-- runs for SECONDS. Prints TAP.
local certstat = require "certstat"
local ipc = require "certstat.ipc"
local judge = require "spec.soak.judge"
local stage = require "spec.soak.stage"

local check, expect = judge.check, judge.expect

local SECONDS = tonumber(arg[1])
local CALLERS, SECOND_US = 8, 1000000

local here = stage.new()

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
  judge.keeps_rule(judge.read(here:finish()), 3)
  return table.concat(waits, ", ")
end

judge.run(here, {
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
})
