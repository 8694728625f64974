--- turns.lua - what the turns of a client's loop take in a host: of the processor, and of the kernel.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local turns = {}

local MOST_NS, LEAST_TURNS, MOST_ROUNDS = 1.5e6, 1000, 3
local TERM, LONG_MS = 15, 30000

--- For the script of a host: watch(client) → a function that tells what the turns since its last call took of the
-- processor, those with 15 calls in flight and more: see turns.judge_cpu. ioctl on the descriptor -2 begins a turn in
-- what strace sees, on -3 it ends.
turns.SCRIPT = [[
local ipc = require "certstat.ipc"

local function watch(client)
  local loop, lines = client.loop, {}
  local turn = loop.turn
  function loop.turn(self)
    local flying = self.net:live()
    ipc.isatty(-2)
    local began_ns = ipc.thread_ns()
    local mine = turn(self)
    local ns = ipc.thread_ns() - began_ns
    ipc.isatty(-3)
    if mine and flying >= 15 then lines[#lines + 1] = ("%d"):format(ns) end
    return mine
  end
  return function()
    local text = table.concat(lines, "\n")
    lines = {}
    return text
  end
end
]]

--- Raises where more than one turn in a hundred takes more than 1.5 ms of the processor. round() makes calls, many at
-- once, and returns what watch tells of their turns. What else runs can only make them longer: one of some rounds has
-- to do.
function turns.judge_cpu(round)
  local said
  for _ = 1, MOST_ROUNDS do
    local taken = {}
    for ns in round():gmatch("%d+") do table.insert(taken, tonumber(ns)) end
    table.sort(taken)
    local ns = taken[math.ceil(#taken * 0.99)] or 0
    if #taken >= LEAST_TURNS and ns <= MOST_NS then return end
    said = ("99 of 100 of %d turns took %.2f ms at most"):format(#taken, ns / 1e6)
  end
  error(said, 2)
end

-- The system calls of each turn, of all threads: {{"connect(7, …", …}, …}.
local function read(text)
  local list, open = {}, {}
  for thread, call in text:gmatch("(%d+) +([^\n]+)") do
    if call:find("ioctl(-2,", 1, true) then
      open[thread] = {}
    elseif call:find("ioctl(-3,", 1, true) then
      list[#list + 1], open[thread] = open[thread], nil
    elseif open[thread] then
      table.insert(open[thread], call)
    end
  end
  return list
end

--- traced(id, f) → the turns of a process while f runs, and all that strace saw.
function turns.traced(id, f)
  local folder = files.folder()
  local strace = assert(ipc.spawn {
    argv = { "/usr/bin/strace", "-f", "-o", folder .. "/strace", "-p", id }, env = {}, errors = true,
    parent_signal = TERM,
  })
  local ok, problem = pcall(function()
    assert(strace:wait(LONG_MS) == "errors", "strace is not attached")
    f()
  end)
  strace:signal(TERM)
  repeat until strace:wait(LONG_MS) ~= "errors"
  strace:close()
  local text = files.read(folder .. "/strace")
  ipc.remove_folder(folder)
  if not ok then error(problem, 0) end
  return read(text), text
end

-- What a turn may ask of the kernel: none of it waits, as sockets are O_NONBLOCK, and poll and epoll_wait get no time.
-- A lookup of a name starts a thread (clone). HAProxy's watchdog has a timer.
local ALLOWED = {}
for name in ([[socket socketpair connect close fcntl ioctl setsockopt getsockopt getsockname getpeername sendto recvfrom
  read write sendmsg recvmsg shutdown epoll_ctl getrandom getpid gettid clock_gettime brk mmap munmap mremap mprotect
  madvise rt_sigprocmask clone clone3 timer_settime rt_sigreturn]]):gmatch("%S+") do ALLOWED[name] = true end
-- What strace shows of them when another thread's call comes in between, beside their time.
local WITHOUT_TIME = { poll = "^<%.%.%.", epoll_wait = "<unfinished %.%.%.>$" }

local OF_MALLOC = '"/proc/sys/vm/overcommit_memory"' -- read once, before malloc gives memory of a thread back

-- Where each thread has its own state, two turn at the same time, and may meet at a lock of libc or OpenSSL, which is
-- private to the process; what pthread_join waits for is not.
local function is_short_lock(call) return call:find("_PRIVATE", 1, true) end

local function is_allowed(call, one_thread)
  local name = call:match("^([%w_]+)%(") or call:match("^<%.%.%. ([%w_]+) resumed>")
  if WITHOUT_TIME[name] then
    return call:find(", 0%) += ") or call:find(", 0 <unfinished ...>", 1, true) or call:find(WITHOUT_TIME[name])
  end
  if name == "futex" then return not call:find("FUTEX_WAIT", 1, true) or not one_thread and is_short_lock(call) end
  return ALLOWED[name] or call:find(OF_MALLOC, 1, true) or call:find("^%-%-%- SIGALRM ")
end

--- judge(list, one_thread) → how many connections were begun in these turns. Raises where a call of them may wait or
-- opens a file, and where a turn begins more than one connection. one_thread: whether turns never come at once.
function turns.judge(list, one_thread)
  local connects = 0
  for _, turn in ipairs(list) do
    local begun = 0
    for _, call in ipairs(turn) do
      if not is_allowed(call, one_thread) then error(call .. "\n" .. table.concat(turn, "\n"), 2) end
      if call:find("^connect%(") then begun = begun + 1 end
    end
    if begun > 1 then error(table.concat(turn, "\n"), 2) end
    connects = connects + begun
  end
  return connects
end

-- What waits, or opens a file.
local STOPS = { "FUTEX_WAIT", "^open", "select", "^ppoll", "^poll%(.*, [^0]%d*%) +=", "nanosleep", "^epoll_p?wait" }

--- Raises where anything between the turns stops an nginx worker but the epoll_wait of its own loop, and where a round
-- of that loop has more than two turns: one that was due, and one as a caller has come.
function turns.judge_rounds(text, worker)
  local turn, in_round, rounds = false, 0, 0
  for call in text:gmatch("\n" .. worker .. " +([^\n]+)") do
    if call:find("ioctl(-2,", 1, true) then
      turn, in_round = true, in_round + 1
      assert(in_round <= 2, "three turns in one round of nginx's loop")
    elseif call:find("ioctl(-3,", 1, true) then
      turn = false
    elseif call:find("^epoll_wait%(.*, 512, ") or call:find("<detached", 1, true) then -- nginx asks for 512 events
      in_round, rounds = 0, rounds + 1
    elseif not turn then
      for _, stop in ipairs(STOPS) do assert(not call:find(stop), call) end
    end
  end
  assert(rounds > 0, "strace shows no round of nginx's loop")
end

return turns
