--- turns.lua - what the turns of a client's loop take in a host: of the processor, and of the kernel.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local turns = {}

local MOST_NS, LEAST_FLYING = 1.5e6, 15
local TERM, LONG_MS = 15, 30000

--- For the script of a host: watch(client) → a function that says what the turns since its last call took. ioctl on the
-- descriptor -2 begins a turn in what strace sees, on -3 it ends. In front of each turn a fixed piece of work tells how
-- fast the processor is at that moment.
turns.SCRIPT = [[
local ipc = require "certstat.ipc"

local function measure(f, ...)
  local began_ns = ipc.thread_ns()
  local result = f(...)
  return ipc.thread_ns() - began_ns, result
end

local function work()
  for i = 1, 4 do
    certstat.sign { method = "POST", host = "cas.aliyuncs.com", path = "/", action = "A", version = "2020-06-30",
      access_key_id = "demo", access_key_secret = "throw-away", nonce = tostring(i), date = "2026-01-01T00:00:00Z" }
  end
end

local function quantile(list, q)
  table.sort(list)
  return list[math.ceil(#list * q)] or 0
end

local function watch(client)
  local loop, live, taken, works, least_ns = client.loop, 0, {}, {}, math.huge
  local turn = loop.turn
  function loop.turn(self)
    local work_ns = measure(work)
    live, least_ns = math.max(live, self.net:live()), math.min(least_ns, work_ns)
    ipc.isatty(-2)
    local ns, mine = measure(turn, self)
    ipc.isatty(-3)
    if mine then taken[#taken + 1], works[#works + 1] = ns, work_ns end
    return mine
  end
  return function()
    local text = ("%d ns of %d turns, work %d of %d ns, %d in flight"):format(quantile(taken, 0.99), #taken,
      quantile(works, 0.5), least_ns, live)
    taken, works = {}, {}
    return text
  end
end
]]

--- Whether 99 of 100 turns took 1.5 ms of the processor at most, with enough calls in flight, by what watch has said:
-- as if the processor had always been as fast as in its best moment. That is no exact figure where others use it.
function turns.are_short(said)
  local ns, work, least, flying = said:match("^(%d+) ns of %d+ turns, work (%d+) of (%d+) ns, (%d+) in flight$")
  return ns * least / work <= MOST_NS and tonumber(flying) >= LEAST_FLYING
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
-- A lookup of a name starts a thread (clone).
local ALLOWED = {}
for name in ([[socket socketpair connect close fcntl ioctl setsockopt getsockopt getsockname getpeername sendto recvfrom
  read write sendmsg recvmsg shutdown epoll_ctl getrandom getpid gettid clock_gettime brk mmap munmap mremap mprotect
  madvise rt_sigprocmask clone clone3]]):gmatch("%S+") do ALLOWED[name] = true end
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
  return ALLOWED[name] or call:find(OF_MALLOC, 1, true)
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

return turns
