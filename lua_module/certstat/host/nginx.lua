--- An nginx worker. libcurl's descriptors can't wake anybody here, so something has to look at them: a pump turns the
-- loop each millisecond while a reply is awaited, and wakes the callers that wait. It is a timer, which the first
-- caller starts and which ends when nothing is under way.
-- Measured: looking each millisecond adds 0.5 ms to a call and takes 2 % of the worker meanwhile.
local ipc = require "certstat.ipc"

local M = { name = "nginx", forks = true, now_ns = ipc.now_ns }

local STEP_NS = 1e6
local LOOK_S = 1      -- a caller looks by itself so often, whatever has become of the pump
local DEAD_NS = 3e9   -- a pump turns the loop at least once a second: one that has not for so long is no more
local EXIT_NS = 10e9  -- calls of a worker that is told to end may take so long

-- https://github.com/openresty/lua-nginx-module#ngxsleep
-- ssl_client_hello and ssl_session_fetch yield where nginx and OpenSSL have OpenResty's patches, which nothing tells;
-- elsewhere whoever waits there ends the handshake. ssl_cert, which comes after them, yields everywhere.
local YIELDING = { server_rewrite = true, rewrite = true, access = true, content = true, timer = true, ssl_cert = true }

-- By loop: {running =, began_ns = since when, exit_ns = when its calls end, bell = a semaphore that wakes the pump,
-- waiters = {[semaphore of a caller] = when it began to wait}}.
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

local function wake_callers(loop, pump)
  if not loop.news then return end
  loop.news = false
  for semaphore in pairs(pump.waiters) do semaphore:post(1) end
end

-- Whether anybody waits, or something is still to come; callers that the host has ended are forgotten.
local function is_needed(loop, pump)
  if loop.closed then return false end
  local since_ns = M.now_ns() - 2e9 * LOOK_S
  for semaphore, began_ns in pairs(pump.waiters) do
    if began_ns < since_ns then pump.waiters[semaphore] = nil end
  end
  return next(pump.waiters) ~= nil or loop:is_busy()
end

local function rest(loop, pump)
  local idle_ns = loop:idle_ns()
  if idle_ns <= STEP_NS or loop.net:live() > 0 then
    M.pause()
  else
    pump.bell:wait(math.min(idle_ns / 1e9, LOOK_S))
  end
end

-- A worker that is told to end waits for its timers, without a limit of its own.
local function end_in_time(loop, pump)
  if ngx.worker.exiting() then
    pump.exit_ns = pump.exit_ns or M.now_ns() + EXIT_NS
    if M.now_ns() > pump.exit_ns then loop:close() end
  end
end

local function run(loop, pump)
  repeat
    end_in_time(loop, pump)
    local ok, problem = pcall(loop.turn, loop)
    wake_callers(loop, pump)
    if not ok then
      pump.running = false
      error(problem, 0)
    end
    local needed = is_needed(loop, pump)
    if needed then rest(loop, pump) end
  until not needed
  pump.running = false
end

-- Returns the pump of a loop, which runs; nil where there is no timer to be had.
local function start(loop)
  local pump = pumps[loop]
  if not pump then
    pump = { waiters = setmetatable({}, { __mode = "k" }), bell = require("ngx.semaphore").new() }
    pumps[loop] = pump
  end
  local now = M.now_ns()
  if pump.running and now - math.max(loop.turned_ns, pump.began_ns) < DEAD_NS then return pump end
  pump.began_ns = now
  pump.running = M.spawn(function() run(loop, pump) end)
  return pump.running and pump
end

--- Nothing: turns are the pump's. Callers that came together, each with a turn of his own, would hold the worker for as
-- many.
function M.begin() end

--- Until it is worth looking whether the call is done; somebody turns the loop meanwhile.
function M.wait(loop)
  local pump = start(loop)
  if not pump then
    M.pause()
    return loop:turn()
  end
  local semaphore = require("ngx.semaphore").new()
  pump.waiters[semaphore] = M.now_ns()
  if pump.bell:count() < 1 then pump.bell:post(1) end
  semaphore:wait(LOOK_S)
  pump.waiters[semaphore] = nil
end

return M
