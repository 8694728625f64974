--- An nginx worker. libcurl's descriptors can't wake anybody here, so something has to look at them: a pump turns the
-- loop each millisecond while a reply is awaited, and wakes the callers that wait. It is a timer, which the first
-- caller starts and which ends when nothing is under way.
-- Measured: looking each millisecond adds 0.5 ms to a call and takes 2 % of the worker meanwhile.
local ipc = require "certstat.ipc"

local M = { name = "nginx", forks = true, now_ns = ipc.now_ns }

local STEP_NS = 1e6
local LOOK_NS = 50e6      -- a pump turns the loop at least so often, and looks whether anybody has what he waits for
local PATIENCE_NS = 100e6 -- a pump that has not turned for so long is not counted on, and callers turn the loop
local AGAIN_NS = 1e9      -- pumps are begun so often at most, where nginx takes their timers and then drops them
local LONGEST_S = 1       -- a caller looks by itself so often, whatever has become of the pump
local EXIT_NS = 10e9      -- calls of a worker that is told to end may take so long

-- https://github.com/openresty/lua-nginx-module#ngxsleep
-- ssl_client_hello and ssl_session_fetch yield where nginx and OpenSSL have OpenResty's patches, which nothing tells;
-- elsewhere whoever waits there ends the handshake. ssl_cert, which comes after them, yields everywhere.
local YIELDING = { server_rewrite = true, rewrite = true, access = true, content = true, timer = true, ssl_cert = true }

-- By loop: {number = of its pump, whom a later one ends; turns = whether it has turned, trusted_ns = until when it is
-- counted on, again_ns = before when no other is begun, exit_ns = when its calls end, looked_ns = when it has looked at
-- the callers, bell = a semaphore that wakes it, waiters = {[what a caller waits for] = {semaphore = which wakes him,
-- since_ns = when he has looked himself}}}.
local pumps = setmetatable({}, { __mode = "k" })

function M.may_wait()
  local phase = ngx.get_phase()
  if YIELDING[phase] then return true end
  return nil, ("a call can't wait in nginx's %s phase: start it in a timer (ngx.timer.at)"):format(phase)
end

-- A millisecond, the least that nginx's timers know: of a shorter sleep an nginx without OpenResty's patches, Debian's
-- for one, writes a warning into its error log each time.
function M.pause() ngx.sleep(STEP_NS / 1e9) end

--- Runs f in a timer.
function M.spawn(f) return ngx.timer.at(0, function() f() end) end

local function wake(pump, until_done)
  local waiter = pump.waiters[until_done]
  pump.waiters[until_done] = nil
  waiter.semaphore:post(1)
end

-- Wakes those who have what they wait for: where there is news, and now and then, as some wait for what is none of the
-- loop's: a quota that another process has.
local function wake_callers(loop, pump)
  local now = M.now_ns()
  if not (loop.news or loop.closed) and now - pump.looked_ns < LOOK_NS then return end
  loop.news, pump.looked_ns = false, now
  for until_done in pairs(pump.waiters) do
    local ok, done = pcall(until_done)
    if done or not ok then wake(pump, until_done) end
  end
end

-- Whether anybody waits, or something is still to come; callers that the host has ended are forgotten.
local function is_needed(loop, pump)
  if loop.closed then return false end
  local since_ns = M.now_ns() - 2e9 * LONGEST_S
  for until_done, waiter in pairs(pump.waiters) do
    if waiter.since_ns < since_ns then pump.waiters[until_done] = nil end
  end
  return next(pump.waiters) ~= nil or loop:is_busy()
end

-- A worker that is told to end waits for its timers, without a limit of its own.
local function end_in_time(loop, pump)
  if ngx.worker.exiting() then
    pump.exit_ns = pump.exit_ns or M.now_ns() + EXIT_NS
    if M.now_ns() > pump.exit_ns then loop:close() end
  end
end

local function turn(loop, pump)
  end_in_time(loop, pump)
  loop:turn()
  wake_callers(loop, pump)
end

-- A turn of the pump's; returns how long it may rest then, nil where it is needed no more.
local function beat(loop, pump)
  pump.turns, pump.trusted_ns = true, M.now_ns() + PATIENCE_NS
  turn(loop, pump)
  if not is_needed(loop, pump) then return nil end
  loop:tell_later()
  local idle_ns = loop:idle_ns()
  return loop.net:live() > 0 and STEP_NS or math.min(idle_ns, LOOK_NS)
end

local function rest(pump, ns)
  if ns <= STEP_NS then M.pause() else pump.bell:wait(ns / 1e9) end
end

local function run(loop, pump, number)
  while pump.number == number do
    local ok, rest_ns = pcall(beat, loop, pump)
    if not ok then
      pump.trusted_ns = 0
      for until_done in pairs(pump.waiters) do wake(pump, until_done) end
      error(rest_ns, 0)
    elseif not rest_ns then
      pump.trusted_ns, pump.again_ns = 0, 0
      return
    end
    rest(pump, rest_ns)
  end
end

local function pump_of(loop)
  local pump = pumps[loop]
  if not pump then
    pump = { number = 0, turns = true, trusted_ns = 0, again_ns = 0, looked_ns = 0,
      waiters = setmetatable({}, { __mode = "k" }), bell = require("ngx.semaphore").new() }
    pumps[loop] = pump
  end
  return pump
end

-- Begins a pump where none is to be counted on. It is given time to come, unless the one before has not come at all.
local function begin_pump(loop, pump)
  local now = M.now_ns()
  if now < pump.trusted_ns or now < pump.again_ns then return end
  local number, patience_ns = pump.number + 1, pump.turns and PATIENCE_NS or 0
  pump.number, pump.turns, pump.again_ns = number, false, now + AGAIN_NS
  if M.spawn(function() run(loop, pump, number) end) then pump.trusted_ns = now + patience_ns end
end

-- Returns whether somebody has woken the caller; he waits longest where a pump turns.
local function sleep(pump, waiter)
  if M.now_ns() >= pump.trusted_ns then return waiter.semaphore:wait(STEP_NS / 1e9) end
  if pump.bell:count() < 1 then pump.bell:post(1) end
  return waiter.semaphore:wait(pump.turns and LONGEST_S or PATIENCE_NS / 1e9)
end

--- Nothing: turns are the pump's. Callers that came together, each with a turn of his own, would hold the worker for as
-- many.
function M.begin() end

--- Until a turn has brought what the caller waits for, or for a second. Where no pump turns, as nginx has no timer for
-- it, the callers do.
function M.wait(loop, until_done)
  local pump = pump_of(loop)
  begin_pump(loop, pump)
  local waiter = pump.waiters[until_done] or { semaphore = require("ngx.semaphore").new() }
  pump.waiters[until_done], waiter.since_ns = waiter, M.now_ns()
  if sleep(pump, waiter) then return end
  local now = M.now_ns()
  if now >= pump.trusted_ns and now - loop.turned_ns >= STEP_NS then turn(loop, pump) end
end

return M
