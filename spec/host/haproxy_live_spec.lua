--- certstat inside a real HAProxy (Lua 5.3): a call from a task and one from a service, while others are served.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local CONFIGURATION = [[
global
  lua-prepend-path {sources}/?.lua
  lua-prepend-path {sources}/?/init.lua
  lua-prepend-path {cmodules}/?.so cpath
  {load} {folder}/ask.lua
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend door
  bind fd@{fd}
  http-request use-service lua.task if { path /task }
  http-request use-service lua.status
]]

local SCRIPT = [[
local certstat = require "certstat"
local OPTIONS = { endpoint = "{endpoint}", credentials = { access_key_id = "demo", access_key_secret = "throw-away" } }
local task = "pending"

local function show(rows, message)
  return rows and rows[1].serial .. " " .. rows[1].status or "failed: " .. message
end

local function reply(applet, body)
  applet:set_status(200)
  applet:add_header("content-length", #body)
  applet:start_response()
  applet:send(body)
end

core.register_task(function()
  task = show(assert(certstat.client(OPTIONS)):status { "{revoked}" })
end)

core.register_service("task", "http", function(applet) reply(applet, task) end)

local client
core.register_service("status", "http", function(applet)
  client = client or assert(certstat.client(OPTIONS))
  reply(applet, show(client:status { applet.qs }))
end)
]]

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, host, serials

    setup(function()
      folder, serials = files.folder(), {}
      for _, one in ipairs(files.make_ca(folder, 4, 1)) do serials[one.status] = one.serial:lower() end
      service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0" }
      host = live.start(folder, function(_, fd)
        local values = {
          sources = live.sources(), cmodules = live.modules("5.3"), load = load, folder = folder, fd = fd,
          endpoint = service.url, revoked = serials.revoked,
        }
        files.write(folder .. "/haproxy.cfg", (CONFIGURATION:gsub("{(%l+)}", values)))
        files.write(folder .. "/ask.lua", (SCRIPT:gsub("{(%l+)}", values)))
        return {
          argv = { "/usr/sbin/haproxy", "-db", "-f", folder .. "/haproxy.cfg" },
          env = { "PATH=" .. os.getenv("PATH") },
        }
      end)
    end)

    teardown(function()
      if host then live.stop(host) end
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    it("answers from a task", function()
      assert.are.equal(serials.revoked .. " revoked", live.ask_until(host, "/task", "pending"))
    end)

    it("answers from a service", function()
      assert.are.equal(serials.good .. " good", live.ask(host, "/status?" .. serials.good))
      assert.are.equal(serials.revoked .. " revoked", live.ask(host, "/status?" .. serials.revoked))
    end)
  end)
end
