--- HAProxy. Its Lua has nothing that could wake a caller, so each one sleeps and looks again; who finds that nobody has
-- turned the loop for a while does it. What nobody waits for is pumped by a task.
-- Measured: a caller that turns the loop itself has its answer 1.7 ms earlier than one that leaves it to a task.
local ipc = require "certstat.ipc"

local M = { name = "haproxy", forks = true, now_ns = ipc.now_ns }

local STEP_NS = 0.8e6
local LEAST_MS, LONGEST_MS, LOOKS_EACH_MS = 2, 32, 8 -- the more callers wait, the longer each sleeps
local JUDGED_NS = 20e6
local TASK_MS, TASK_NS = 10, 5e6
local IDLE_MS, IDLE_NS, END_NS = 1000, 1e9, 60e9
local DEAD_NS = 3e9 -- a pump wakes once a second: one that has not for so long has been ended by HAProxy

-- By loop: {ms = how long callers sleep, looks = how often they have looked since since_ns, begun_ns = when a caller
-- turned the loop as he came, used_ns = when anybody waited or something was under way last, tended_ns = when the pump
-- woke last, or 0}.
local paces = setmetatable({}, { __mode = "k" })

-- core.msleep returns at once, without an error, where HAProxy has nothing that it could resume: while a file is
-- loaded, in core.register_init, in a coroutine of Lua's own. core.httpclient needs the same, and tells. (In a sample
-- fetch or a converter HAProxy ends the function when it sleeps, and logs that; nothing tells beforehand.)
function M.may_wait()
  if core.httpclient() then return true end
  return nil, "a call can't wait here in HAProxy, while a file is loaded or in a coroutine of Lua's own: start it "
    .. "in a task (core.register_task)"
end

function M.pause() core.msleep(1) end

--- Runs f in a task.
function M.spawn(f) return core.register_task(f) end

local function pace_of(loop)
  local pace = paces[loop]
  if not pace then
    pace = { ms = LEAST_MS, looks = 0, since_ns = M.now_ns(), begun_ns = 0, tended_ns = 0 }
    paces[loop] = pace
  end
  return pace
end

-- Other callers may run between any two instructions: all that can come of that is a pace which is wrong for 20 ms.
local function adapt(pace)
  local now = M.now_ns()
  local passed_ms = (now - pace.since_ns) / 1e6
  pace.looks = pace.looks + 1
  if passed_ms * 1e6 < JUDGED_NS then return end
  local crowd = pace.looks / passed_ms / LOOKS_EACH_MS
  pace.looks, pace.since_ns = 0, now
  if crowd > 1 then
    pace.ms = math.min(pace.ms * 2, LONGEST_MS)
  elseif crowd < 0.4 then
    pace.ms = math.max(LEAST_MS, math.floor(pace.ms / 2))
  end
end

local function turn_if_due(loop, since_ns)
  if M.now_ns() - loop.turned_ns >= since_ns and loop:turn() and not loop.closed then
    loop:idle_ns() -- tells the quota's file what it could not be told before
  end
end

-- Turns the loop while something is under way that no caller waits for any more, and while there is more to send than a
-- turn sends: callers that came together look together, and one turns. It outlives its work by a minute, as HAProxy
-- 2.6 keeps a tenth of a KiB of each task: with one for each time that no reply is awaited, some KiB a second.
local function pump(loop, pace)
  repeat
    pace.tended_ns = M.now_ns()
    core.msleep(loop.hurry and 1 or pace.tended_ns - pace.used_ns < IDLE_NS and TASK_MS or IDLE_MS)
    if loop.closed then break end
    local now, busy = M.now_ns(), loop:is_busy()
    if busy then pace.used_ns = now end
    if busy or loop.hurry then turn_if_due(loop, loop.hurry and STEP_NS or TASK_NS) end
    loop:tell_later()
  until now - pace.used_ns > END_NS
  pace.tended_ns = 0
end

-- An action of tcp-request content whose sleep is over before HAProxy has noted it, which a turn can take, is resumed
-- no more until the inspect-delay is over (hlua_action and tcp_inspect_request of 2.6). A yield sets HAProxy's clock,
-- which makes that rare, but not impossible.
local function sleep(ms)
  core.yield()
  core.msleep(ms)
end

--- Whoever comes turns the loop first, but for those who come together: a turn for each would hold the thread for all.
function M.begin(loop)
  local pace, now = pace_of(loop), M.now_ns()
  if now - pace.begun_ns >= STEP_NS then
    pace.begun_ns = now
    turn_if_due(loop, 0)
  end
end

--- Until it is worth looking whether the call is done; somebody turns the loop meanwhile.
function M.wait(loop)
  local pace, now = pace_of(loop), M.now_ns()
  pace.used_ns = now
  if now - pace.tended_ns > DEAD_NS then
    pace.tended_ns = now
    M.spawn(function() pump(loop, pace) end)
  end
  adapt(pace)
  sleep(pace.ms)
  turn_if_due(loop, STEP_NS)
end

return M
