--- Servers that are slow, silent, reset the connection or lie, asked from HAProxy: each caller has what certstat makes
-- of it, and HAProxy serves others meanwhile.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local PROXIES = [[
frontend front
  bind {front}
  http-request return status 200 content-type text/plain string pong if { path /ping }
  http-request use-service lua.lua if { path /lua }
  http-request use-service lua.impatient if { path /impatient }
  http-request use-service lua.status if { path /status }
]]

local SCRIPT = [[
local client, impatient = open { qps = 100 }, open { qps = 100, timeout = 2 }
local function ask(client) return questions.rows(client:status { "0a1b", "0a1c", "0a1d" }) end
serve("status", function() return ask(client) end)
serve("impatient", function() return ask(impatient) end)
serve("lua", function() return "pong" end)
]]

local RIGHT = "0a1b 0a1b good - - -\n0a1c 0a1c revoked 1763957889 - -\n0a1d 0a1d unknown - - -\n"
local STATUS = "DescribeClientCertificateStatusForSerialNumber: "

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, host

    setup(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n"
        .. "R\t391124041809Z\t251124041809Z,keyCompromise\t0A1C\tunknown\t/CN=y\n")
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
      host = haproxy.start { load = load, service = service, script = SCRIPT, proxies = PROXIES }
    end)

    teardown(function()
      if host then haproxy.stop(host) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    -- What comes of path while the emulator has this fault. As soon as the call has arrived there, others are asked; it
    -- is still under way when they have their answers.
    local function ask_under(fault, path)
      emulator.fail(service, fault)
      local asked = live.ask_later(host, path)
      live.await(function() return emulator.hits(service) > 0 end)
      assert.are.equal(("pong"):rep(20), live.ask(host, "/{ping,lua}?[1-10]"))
      assert.is_true(live.is_pending(asked))
      return (live.answer(asked))
    end

    it("waits for a slow server", function()
      assert.are.equal(RIGHT, ask_under('{"fault":"latency","ms":2000}', "/status"))
    end)

    it("gives up a silent one", function()
      assert.matches("^error deadline NoReply: " .. STATUS .. "no answer within 2 s; the last attempt: [%d.:]+ "
        .. "timed out after %d+ ms in all, waiting for the reply\n$",
        ask_under('{"fault":"latency","ms":60000}', "/impatient"))
    end)

    it("tries one again that resets the connection", function()
      emulator.fail(service, '{"fault":"reset","calls":"1-2"}')
      assert.are.equal(RIGHT, live.ask(host, "/status"))
      emulator.fail(service, '{"fault":"reset"}')
      assert.matches("^error network NoReply: " .. STATUS .. ".+ %(tried 4 times%)\n$",
        live.ask(host, "/status"))
    end)

    it("believes no liar", function()
      local function told(fault)
        emulator.fail(service, fault)
        return live.ask(host, "/status")
      end
      assert.are.equal((RIGHT:gsub("0a1b good", "0a1b conflict")), told '{"fault":"contradicting"}')
      assert.are.equal((RIGHT:gsub("0a1b good", "0a1b absent")), told '{"fault":"foreign"}')
      assert.are.equal("error protocol UnknownStatus: expected good, revoked or unknown in Status, found 'fine'\n",
        told '{"fault":"field","name":"CertificateStatus.Status","value":"fine"}')
    end)
  end)
end
