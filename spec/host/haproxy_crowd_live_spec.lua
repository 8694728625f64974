--- 200 callers at once in HAProxy: of calls, over new TLS connections, and of servers that are slow, silent, reset the
-- connection or lie.
local callers = require "spec.host.callers"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local terminator = require "spec.host.terminator"
local tests = require "spec.host.crowd_tests"

local FRONT = [[
frontend front
  bind {front}
  http-request return status 200 content-type text/plain string pong if { path /ping }
]]

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("of HAProxy by " .. load .. " each of many callers", function()
    local here, tls

    setup(function()
      local folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      here = { folder = folder, made = callers.make(folder, 200) }
      here.service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", tostring(tests.QPS),
        "--log", folder .. "/calls.ndjson" }
      tls = terminator.start(here.service)
      local script, rules = { tests.SCRIPT }, {}
      for i, path in ipairs(tests.PATHS) do
        script[i + 1] = ("serve(%q, function(applet) return ask.%s(applet.qs) end)\n"):format(path, path)
        rules[i] = ("  http-request use-service lua.%s if { path /%s }\n"):format(path, path)
      end
      here.host = haproxy.start { load = load, service = here.service, script = table.concat(script),
        proxies = FRONT .. table.concat(rules), values = tests.values(tls) }
      here.descriptors = function() return haproxy.descriptors(haproxy.workers(here.host)[1]) end
    end)

    teardown(function()
      if here.host then haproxy.stop(here.host) end
      if tls then terminator.stop(tls) end
      if here.service then emulator.stop(here.service) end
      ipc.remove_folder(here.folder)
    end)

    for _, test in ipairs(tests) do
      it(test[1], function() test[2](here) end)
    end
  end)
end
