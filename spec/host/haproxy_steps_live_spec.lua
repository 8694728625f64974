--- What a turn of the loop does in HAProxy, with 20 calls in flight and a new TLS connection for each: no system call
-- that waits, no file opened, one connection begun at most, and little of the processor.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local terminator = require "spec.host.terminator"

local MOST_NS, ROUNDS = 1.5e6, 12

local PROXIES = [[
frontend front
  bind {front}
  http-request use-service lua.call if { path /call }
  http-request use-service lua.turns if { path /turns }
]]

-- HAProxy is told to preempt so rarely that no turn is cut. ioctl on the descriptor -2 begins a turn in what strace
-- sees, on -3 it ends. In front of each turn a fixed piece of work tells how fast the processor is at that moment.
local SCRIPT = [[
local ipc = require "certstat.ipc"
local client = open { qps = 100 }
local loop, live, turns, works, least_ns = client.loop, 0, {}, {}, math.huge

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

local turn = loop.turn
function loop.turn(self)
  local work_ns = measure(work)
  live, least_ns = math.max(live, self.net:live()), math.min(least_ns, work_ns)
  ipc.isatty(-2)
  local ns, mine = measure(turn, self)
  ipc.isatty(-3)
  if mine then turns[#turns + 1], works[#works + 1] = ns, work_ns end
  return mine
end
serve("call", function()
  local reply, message = client:call("GetCAInstanceStatus", { InstanceId = "x" })
  return reply and "answered" or message
end)
local function quantile(list, q)
  table.sort(list)
  return list[math.ceil(#list * q)] or 0
end

serve("turns", function()
  local text = ("%d ns of %d turns, work %d of %d ns, %d in flight"):format(quantile(turns, 0.99), #turns,
    quantile(works, 0.5), least_ns, live)
  turns, works = {}, {}
  return text
end)
]]

-- What a turn may ask of the kernel: none of it waits, as sockets are O_NONBLOCK, and poll and epoll_wait get no time.
local ALLOWED = {}
for name in ([[socket socketpair connect close fcntl ioctl setsockopt getsockopt getsockname getpeername sendto recvfrom
  read write sendmsg recvmsg shutdown epoll_ctl getrandom getpid gettid clock_gettime brk mmap munmap mremap mprotect
  madvise]]):gmatch("%S+") do ALLOWED[name] = true end
-- What strace shows of them when another thread's call comes in between, beside their time.
local WITHOUT_TIME = { poll = "^<%.%.%.", epoll_wait = "<unfinished %.%.%.>$" }

-- The system calls of each turn, of all threads: {{"connect(7, …", …}, …}.
local function read_turns(text)
  local turns, open = {}, {}
  for thread, call in text:gmatch("(%d+) +([^\n]+)") do
    if call:find("ioctl(-2,", 1, true) then
      open[thread] = {}
    elseif call:find("ioctl(-3,", 1, true) then
      turns[#turns + 1], open[thread] = open[thread], nil
    elseif open[thread] then
      table.insert(open[thread], call)
    end
  end
  return turns
end

local OF_MALLOC = '"/proc/sys/vm/overcommit_memory"' -- read once, before malloc gives memory of a thread back

-- Where each thread has its own state, two turn at the same time, and may meet at a lock of libc or OpenSSL, which is
-- private to the process; what pthread_join waits for is not.
local function is_short_lock(call) return call:find("_PRIVATE", 1, true) end

local function is_allowed(call, load)
  local name = call:match("^([%w_]+)%(") or call:match("^<%.%.%. ([%w_]+) resumed>")
  if WITHOUT_TIME[name] then
    return call:find(", 0%) += ") or call:find(", 0 <unfinished ...>", 1, true) or call:find(WITHOUT_TIME[name])
  end
  if name == "futex" then return not call:find("FUTEX_WAIT", 1, true) or load ~= "lua-load" and is_short_lock(call) end
  return ALLOWED[name] or call:find(OF_MALLOC, 1, true)
end

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("a turn in HAProxy by " .. load, function()
    local folder, service, tls, host

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
      emulator.fail(service, '{"fault":"latency","ms":700}')
      tls = terminator.start(service)
      host = haproxy.start { load = load, service = tls, script = SCRIPT, proxies = PROXIES,
        global = "tune.lua.forced-yield 100000000" }
    end)

    teardown(function()
      if host then haproxy.stop(host) end
      if tls then terminator.stop(tls) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    -- As many calls that each thread has about 20 in flight.
    local function call_all()
      local paths, expected = {}, {}
      for i = 1, load == "lua-load" and 20 or 40 do paths[i], expected[i] = "/call", "answered" end
      assert.are.same(expected, live.ask_all(host, paths))
    end

    -- As if the processor had always been as fast as in its best moment. That is no exact figure where others use it,
    -- so there are several rounds for it.
    it("takes 1.5 ms of the processor at most, 99 of 100 times", function()
      local said
      for _ = 1, ROUNDS do
        call_all()
        said = live.ask(host, "/turns")
        local ns, work, least, flying = said:match("^(%d+) ns of %d+ turns, work (%d+) of (%d+) ns, (%d+) in flight$")
        if ns * least / work <= MOST_NS and tonumber(flying) >= 15 then return end
      end
      error(said)
    end)

    it("waits for nothing, opens no file and begins one connection at most", function()
      local path = folder .. "/strace"
      local strace = assert(ipc.spawn { argv = { "/usr/bin/strace", "-f", "-o", path, "-p", haproxy.workers(host)[1] },
        env = {}, errors = true, parent_signal = 15 })
      assert.are.equal("errors", (strace:wait(30000))) -- "attached"
      call_all()
      strace:signal(15)
      repeat until strace:wait(30000) ~= "errors"
      strace:close()
      local connects = 0
      for _, turn in ipairs(read_turns(files.read(path))) do
        local begun = 0
        for _, call in ipairs(turn) do
          assert(is_allowed(call, load), call)
          if call:find("^connect%(") then begun = begun + 1 end
        end
        assert.is_true(begun <= 1, table.concat(turn, "\n"))
        connects = connects + begun
      end
      assert.is_true(connects >= 20, connects .. " connections")
    end)
  end)
end
