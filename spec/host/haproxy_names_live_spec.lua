--- Names in HAProxy, and https, as a normal user in a chroot: where no thread may be started a client needs an address,
-- else the jail has to have what names are looked up with.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local name_server = require "spec.host.name_server"
local terminator = require "spec.host.terminator"

local PROXIES = [[
frontend front
  bind {front}
  http-request use-service lua.ping if { path /ping }
  http-request use-service lua.named if { path /named }
  http-request use-service lua.addressed if { path /addressed }
]]

local SCRIPT = [[
local named = open { endpoint = "https://{name}:{port}", timeout = 3 }
local addressed = open { endpoint = "https://{name}:{port}", connect_to = "127.0.0.1" }
local function ask(client) return questions.rows(client:status { "0a1b" }) end
serve("named", function() return ask(named) end)
serve("addressed", function() return ask(addressed) end)
serve("ping", function() return "pong" end)
]]

local STATUS = "DescribeClientCertificateStatusForSerialNumber: "
local GOOD = "0a1b 0a1b good - - -\n"
local CALLERS = 20

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, tls, host

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0" }
      tls = terminator.start(service)
    end)

    after_each(function()
      if host then haproxy.stop(host) end
      host = nil
    end)

    teardown(function()
      if tls then terminator.stop(tls) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    -- jail: what lies in the chroot, by path.
    local function start(global, jail)
      host = haproxy.start { load = load, service = tls, script = SCRIPT, proxies = PROXIES, global = global,
        jail = jail, values = { name = terminator.NAME, port = tostring(tls.port) } }
    end

    it("connects to an address that it is given, by the name's certificate", function()
      start ""
      assert.are.equal(GOOD, live.ask(host, "/addressed"))
    end)

    it("says why a name can't be looked up, and what helps", function()
      start ""
      assert.are.equal("error limit ThreadRefused: " .. STATUS .. terminator.NAME .. ":" .. tls.port
        .. ": can't start a thread to look up the name: a limit of processes forbids it (ulimit -u; in HAProxy set "
        .. "insecure-fork-wanted); with connect_to no name is looked up\n", live.ask(host, "/named"))
    end)

    if ipc.user() == 0 then
      it("looks up a name with insecure-fork-wanted, by the files in the chroot", function()
        start("insecure-fork-wanted", { ["etc/hosts"] = "127.0.0.1 " .. terminator.NAME .. "\n" })
        assert.are.equal(GOOD, live.ask(host, "/named"))
      end)

      it("is not held by a name server that never answers", function()
        local silent, address = name_server.start_silent()
        start("insecure-fork-wanted", { ["etc/resolv.conf"] = "nameserver " .. address .. "\n" })
        local asked = live.ask_later(host, "/named")
        assert.are.equal("output", (silent:wait(30000)))
        assert.are.equal(("pong"):rep(10), live.ask(host, "/ping?[1-10]"))
        assert.is_true(live.is_pending(asked))
        assert.are.equal("error deadline NoReply: " .. STATUS
          .. "no answer within 3 s; the last attempt: no connection\n", (live.answer(asked)))
        assert.are.equal("output", (silent:wait(30000)))
        assert.are.equal(("pong"):rep(20), live.ask(host, "/ping?[1-20]"))
        assert.is_true(#haproxy.threads(host) > 2, "the lookup has ended first")
        assert.are.equal(GOOD, live.ask(host, "/addressed"))
        silent:close()
      end)

      it("ends many callers in time whose name server never answers, and serves others", function()
        local silent, address = name_server.start_silent()
        start("insecure-fork-wanted", { ["etc/resolv.conf"] = "nameserver " .. address .. "\n" })
        local asked = live.ask_later(host, ("/named?[1-%d]"):format(CALLERS))
        assert.are.equal("output", (silent:wait(30000)))
        assert.are.equal(("pong"):rep(10), live.ask(host, "/ping?[1-10]"))
        assert.is_true(live.is_pending(asked))
        local n = 0
        for line in live.answer(asked):gmatch("[^\n]*\n") do
          assert.matches(name_server.UNANSWERED, line)
          n = n + 1
        end
        assert.are.equal(CALLERS, n)
        assert.are.equal(GOOD, live.ask(host, "/addressed"))
        silent:close()
      end)
    end
  end)
end
