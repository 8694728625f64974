--- nginx's life with calls in flight: told to begin anew or to end, its worker killed, its clients gone.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"
local terminator = require "spec.host.terminator"

local CALLS = 8
local GOOD = "0a1b 0a1b good - - -\n"

local SCRIPT = [[
under_way = 0
local client = open { qps = 100, home = "{home}" }
function ask()
  under_way = under_way + 1
  local rows = questions.rows(client:status { "0a1b" })
  under_way = under_way - 1
  return rows
end
]]

-- In /aborting nginx ends a handler whose client has gone.
local LOCATIONS = [[
location = /status { content_by_lua_block { ngx.print(ask()) } }
location = /aborting {
  lua_check_client_abort on;
  content_by_lua_block {
    ngx.on_abort(function() ngx.exit(499) end)
    ngx.print(ask())
  }
}
location = /count { content_by_lua_block { ngx.print(under_way) } }
location = /timers { content_by_lua_block { ngx.print(ngx.timer.running_count() + ngx.timer.pending_count()) } }
location = /forget { content_by_lua_block { under_way = 0 collectgarbage() ngx.print("forgotten") } }
]]

describe("nginx", function()
  local folder, service, tls, host, ending, unanswered

  local function start()
    host = nginx.start { service = tls, script = SCRIPT, locations = LOCATIONS, values = { home = folder .. "/home" } }
  end

  -- Told to end while it has a call that the emulator does not answer: that takes ten seconds, for other tests to use.
  local function begin_long_end()
    start()
    ending = host
    emulator.fail(service, '{"fault":"latency","ms":60000}')
    unanswered = live.ask_later(ending, "/status")
    live.await(function() return emulator.hits(service) == 1 end)
    nginx.signal(ending, "QUIT")
  end

  setup(function()
    folder = files.folder()
    files.shell(("cd %s && chmod 755 . && mkdir newcerts && install -d -o nobody -m 700 home"):format(folder))
    files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
    tls = terminator.start(service)
    begin_long_end()
    start()
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if ending then nginx.stop(ending) end
    if tls then terminator.stop(tls) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  -- Callers whom a worker serves; the emulator answers their calls after so long, and has got one.
  local function call_all(ms, path)
    live.ask(host, "/forget")
    emulator.fail(service, ('{"fault":"latency","ms":%d}'):format(ms))
    local asked = live.ask_later(host, ("%s?[1-%d]"):format(path or "/status", CALLS))
    live.await(function() return live.ask(host, "/count") == tostring(CALLS) and emulator.hits(service) >= 1 end)
    return asked
  end

  local function assert_answers(asked) assert.are.equal(GOOD:rep(CALLS), (live.answer(asked))) end

  local function assert_lost(asked)
    local body, said = live.answer(asked)
    assert.are.equal("", body)
    assert.matches("curl: ", said, 1, true)
  end

  -- How nginx has ended; another one is started.
  local function ended()
    local kind, value = host.process:wait(20000)
    nginx.stop(host)
    start()
    return kind, value
  end

  for _, path in ipairs { "/status", "/aborting" } do
    it("keeps nothing of clients that go, in " .. path, function()
      assert_answers(call_all(1000, path))
      local before
      live.await(function()
        local now = nginx.descriptors(host)
        local same = now == before
        before = now
        return same
      end)
      live.leave(call_all(1000, path))
      live.await(function() return nginx.descriptors(host) <= before and live.ask(host, "/timers") == "0" end)
      emulator.fail(service, "")
      assert.are.equal(GOOD, live.ask(host, path))
    end)
  end

  it("gives the old worker's answers after a reload, and a new one takes over", function()
    local asked = call_all(1000)
    local old = nginx.reload(host)
    assert.are.equal(GOOD, live.ask(host, "/status"))
    assert_answers(asked)
    live.await(function() return nginx.is_gone(old) end)
    assert.are.equal(GOOD, live.ask(host, "/status"))
  end)

  it("ends with the last answer on SIGQUIT", function()
    local asked = call_all(1000)
    nginx.signal(host, "QUIT")
    assert_answers(asked)
    assert.are.same({ "exited", 0 }, { ended() })
  end)

  it("ends at once on SIGTERM", function()
    local asked = call_all(60000)
    nginx.signal(host, "TERM")
    assert_lost(asked)
    assert.are.same({ "exited", 0 }, { ended() })
  end)

  it("calls again after its worker was killed", function()
    local asked, old = call_all(60000), live.ask(host, "/pid")
    nginx.signal(host, "KILL", old)
    assert_lost(asked)
    emulator.fail(service, "")
    assert.are.equal(GOOD, live.ask(host, "/status"))
    assert.are_not.equal(old, live.ask(host, "/pid"))
  end)

  it("gives up what lasts when it shall end, and ends", function()
    assert.are.equal("error closed Closed: the client was closed\n", (live.answer(unanswered)))
    assert.are.same({ "exited", 0 }, { ending.process:wait(20000) })
  end)
end)
