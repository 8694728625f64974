--- What a turn of the loop does in HAProxy, with 20 calls in flight and a new TLS connection for each: no system call
-- that waits, no file opened, one connection begun at most, and little of the processor.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local terminator = require "spec.host.terminator"
local turns = require "spec.host.turns"

local PROXIES = [[
frontend front
  bind {front}
  http-request use-service lua.call if { path /call }
  http-request use-service lua.calls if { path /calls }
  http-request use-service lua.turns if { path /turns }
]]

-- HAProxy is told to preempt so rarely that no turn is cut.
local SCRIPT = turns.SCRIPT .. [[
local client = open { qps = 400 }
local function call(times)
  for _ = 1, times do assert(client:call("GetCAInstanceStatus", { InstanceId = "x" })) end
  return "answered"
end
serve("call", function() return call(1) end)
serve("calls", function() return call(25) end)
serve("turns", watch(client))
]]

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("a turn in HAProxy by " .. load, function()
    local folder, service, tls, host

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
      emulator.fail(service, '{"fault":"latency","ms":200}')
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
    local function call_all(path)
      local paths, expected = {}, {}
      for i = 1, load == "lua-load" and 20 or 40 do paths[i], expected[i] = path, "answered" end
      assert.are.same(expected, live.ask_all(host, paths))
    end

    it("takes 1.5 ms of the processor at most, 99 of 100 times", function()
      turns.judge_cpu(function()
        call_all("/calls")
        return live.ask(host, "/turns")
      end)
    end)

    it("waits for nothing, opens no file and begins one connection at most", function()
      local list = turns.traced(haproxy.workers(host)[1], function() call_all("/call") end)
      assert.is_true(turns.judge(list, load == "lua-load") >= 20)
    end)
  end)
end
