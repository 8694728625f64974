--- HAProxy's life with calls in flight: told to begin anew or to end, its worker killed, its clients gone.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local terminator = require "spec.host.terminator"

local CALLS = 8
local GOOD = "0a1b 0a1b good - - -\n"

-- In `aborting` HAProxy ends an action whose client has gone.
local PROXIES = [[
frontend count
  bind {count}
  http-request return status 200 content-type text/plain lf-string "%[fe_conn(front)] %[fe_conn(aborting)]"
frontend front
  bind {front}
  http-request use-service lua.begin if { path /begin }
  http-request use-service lua.status
listen aborting
  bind {aborting}
  option abortonclose
  http-request lua.ask
  http-request use-service lua.told
]]

local SCRIPT = [[
local client = open { qps = 100, home = {home} }
local function ask() return questions.rows(client:status { "0a1b" }) end
serve("status", ask)
serve("begin", function()
  core.register_task(function() core.Warning("a task is told " .. ask()) end)
  return "begun"
end)
serve("told", function(applet) return applet:get_var("txn.answer") end)
core.register_action("ask", { "http-req" }, function(txn) txn:set_var("txn.answer", ask()) end)
]]

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("HAProxy by " .. load, function()
    local folder, service, tls, host

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
      tls = terminator.start(service)
      host = haproxy.start { load = load, service = tls, doors = { "front", "aborting", "count" }, script = SCRIPT,
        proxies = PROXIES }
    end)

    teardown(function()
      if host then haproxy.stop(host) end
      if tls then terminator.stop(tls) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    -- Callers whom HAProxy has accepted; the emulator answers their calls after so long, and has got one.
    local function call_all(ms, door)
      emulator.fail(service, ('{"fault":"latency","ms":%d}'):format(ms))
      local asked = live.ask_later(haproxy.at(host, door), ("/?[1-%d]"):format(CALLS))
      live.await(function()
        local front, aborting = live.ask(haproxy.at(host, "count"), "/"):match("^(%d+) (%d+)$")
        return front + aborting == CALLS and emulator.hits(service) >= 1
      end)
      return asked
    end

    local function assert_answers(asked) assert.are.equal(GOOD:rep(CALLS), (live.answer(asked))) end

    local function assert_lost(asked)
      local body, said = live.answer(asked)
      assert.are.equal("", body)
      assert.matches("curl: ", said, 1, true)
    end

    for _, door in ipairs { "front", "aborting" } do
      it("keeps nothing of clients that go, in " .. door, function()
        local function descriptors() return haproxy.descriptors(haproxy.workers(host)[1]) end
        assert_answers(call_all(1000, door))
        local before
        live.await(function()
          local now = descriptors()
          local same = now == before
          before = now
          return same
        end)
        call_all(1000, door).process:close()
        assert.is_true(descriptors() > before)
        live.await(function() return descriptors() <= before end)
        assert.are.equal(GOOD, live.ask(haproxy.at(host, door), "/"))
      end)
    end

    it("gives the old worker's answers after a reload, and a new one takes over", function()
      local old = haproxy.workers(host)[1]
      local asked = call_all(1000)
      haproxy.signal(haproxy.master(host), "USR2")
      live.await(function() return #haproxy.workers(host) == 2 end)
      assert.are.equal(GOOD, live.ask(host, "/"))
      assert_answers(asked)
      live.await(function() return #haproxy.workers(host) == 1 end)
      assert.are_not.equal(old, haproxy.workers(host)[1])
      assert.are.equal(GOOD, live.ask(host, "/"))
    end)

    it("ends with the last answer on SIGUSR1", function()
      local asked = call_all(1000)
      haproxy.signal(haproxy.master(host), "USR1")
      assert_answers(asked)
      assert.are.same({ "exited", 0 }, { haproxy.wait(host) })
      haproxy.run(host)
    end)

    -- HAProxy waits for requests and connections, and counts no tasks.
    for _, signal in ipairs { "USR2", "USR1" } do
      it("ends while tasks wait, on SIG" .. signal, function()
        local before = #haproxy.said(host)
        local function is_told() return haproxy.said(host):find("a task is told 0a1b 0a1b good", before + 1, true) end
        emulator.fail(service, '{"fault":"latency","ms":3000}')
        assert.are.equal("begun", live.ask(host, "/begin"))
        live.await(function() return emulator.hits(service) == 1 end)
        local old = haproxy.workers(host)[1]
        haproxy.signal(haproxy.master(host), signal)
        if signal == "USR1" then
          assert.are.same({ "exited", 0 }, { haproxy.wait(host) })
          haproxy.run(host)
        else
          live.await(function()
            local workers = haproxy.workers(host)
            return #workers == 1 and workers[1] ~= old
          end)
        end
        assert.is_nil(is_told())
        emulator.fail(service, "")
        assert.are.equal("begun", live.ask(host, "/begin"))
        live.await(is_told)
      end)
    end

    it("ends at once on SIGTERM", function()
      local asked = call_all(60000)
      haproxy.signal(haproxy.master(host), "TERM")
      assert.are.equal("exited", (haproxy.wait(host)))
      assert_lost(asked)
      haproxy.run(host)
    end)

    it("calls again after its worker was killed", function()
      local asked = call_all(60000)
      haproxy.signal(haproxy.workers(host)[1], "KILL")
      assert.are.same({ "exited", 137 }, { haproxy.wait(host) })
      assert_lost(asked)
      haproxy.run(host)
      emulator.fail(service, "")
      assert.are.equal(GOOD, live.ask(host, "/"))
    end)
  end)
end
