--- certstat in every context of HAProxy's Lua: where it can wait, all answers are those of plain Lua; elsewhere it says
-- so, or HAProxy does.
local certstat = require "certstat"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local questions = require "spec.host.questions"

local PROXIES = [[
frontend front
  bind {front}
  http-request lua.ask if { path /action }
  http-request lua.nested if { path /nested }
  http-request use-service lua.told if { path /action /nested }
  http-request set-var(txn.answer) lua.fetch if { path /fetch }
  http-request set-var(txn.answer) str(0a1b),lua.convert if { path /convert }
  http-request use-service lua.told if { path /fetch /convert }
  http-request use-service lua.task if { path /task }
  http-request use-service lua.body if { path /body }
  http-request use-service lua.init if { path /init }
  http-request use-service lua.first if { path /first }
  http-request use-service lua.ask if { path /service }
frontend tcp
  mode tcp
  bind {tcp}
  tcp-request content use-service lua.asktcp
]]

local SCRIPT = [[
local SERIALS = { {serials} }
local first
local client = open { qps = 50, on_call = function(event) first = first or event end }
local function ask() return questions.all(client, SERIALS) end
local function status() return questions.rows(client:status { SERIALS[1] }) end

client:warm()
local task, body, init = "pending", status(), nil
core.register_init(function() init = status() end)
core.register_task(function() task = ask() end)
serve("task", function() return task end)
serve("body", function() return body end)
serve("init", function() return init end)
serve("ask", ask)
serve("first", function() return tostring(first.new_connection) end)
core.register_service("asktcp", "tcp", function(applet)
  applet:getline()
  applet:send(ask())
end)
serve("told", function(applet) return applet:get_var("txn.answer") or "no answer" end)
core.register_action("ask", { "http-req" }, function(txn) txn:set_var("txn.answer", ask()) end)
core.register_action("nested", { "http-req" }, function(txn)
  txn:set_var("txn.answer", coroutine.wrap(status)())
end)
core.register_fetches("fetch", status)
core.register_converters("convert", status)
]]

local CANNOT_WAIT = "error argument CannotWait: a call can't wait here in HAProxy, while a file is loaded or in a "
  .. "coroutine of Lua's own: start it in a task (core.register_task)\n"

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, host, expected

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n"
        .. "R\t391124041809Z\t251124041809Z,keyCompromise\t0A1C\tunknown\t/CN=y\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
      local serials = { "0a1b", "0a1c", "0a1d", "0A:1C", "no serial" }
      expected = questions.all(assert(certstat.client {
        endpoint = service.url, quota = certstat.quota { rate = 100 },
        credentials = { access_key_id = "demo", access_key_secret = "throw-away" },
      }), serials)
      host = haproxy.start {
        load = load, service = service, doors = { "front", "tcp" }, script = SCRIPT, proxies = PROXIES,
        values = { serials = '"' .. table.concat(serials, '", "') .. '"' },
      }
    end)

    teardown(function()
      if host then haproxy.stop(host) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    local function ask_tcp()
      return files.shell(("timeout 30 bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d; echo ask >&3; cat <&3'"):format(
        host.port.tcp))
    end

    it("answers in a task", function()
      assert.are.equal(expected, live.ask_until(host, "/task", "pending"))
    end)

    it("answers in an action of http-request", function()
      assert.are.equal(expected, live.ask(host, "/action"))
    end)

    it("answers in a service", function()
      assert.are.equal(expected, live.ask(host, "/service"))
    end)

    it("answers in a service of tcp", function()
      assert.are.equal(expected, ask_tcp())
    end)

    it("has the connection of the first call from warm()", function()
      live.ask_until(host, "/task", "pending")
      assert.are.equal("false", live.ask(host, "/first"))
    end)

    it("says where a call can't wait", function()
      for _, path in ipairs { "/body", "/init", "/nested" } do
        assert.are.equal(CANNOT_WAIT, live.ask(host, path), path)
      end
    end)

    it("is ended by HAProxy in a sample fetch and a converter, and answers others afterwards", function()
      emulator.fail(service, '{"fault":"latency","ms":200}') -- it is not ended before it sleeps
      assert.are.equal("no answer", live.ask(host, "/fetch"))
      assert.are.equal("no answer", live.ask(host, "/convert"))
      emulator.fail(service, "")
      local said = haproxy.said(host)
      assert.matches("Lua sample-fetch 'fetch': yield not allowed.", said, 1, true)
      assert.matches("Lua converter 'convert': yield functions like core.tcp() or core.sleep() are not allowed.", said,
        1, true)
      assert.are.equal(expected, live.ask(host, "/service"))
    end)
  end)
end
