--- 200 callers at once in nginx: of calls, over new TLS connections, and of servers that are slow, silent, reset the
-- connection or lie.
local callers = require "spec.host.callers"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local nginx = require "spec.host.nginx_server"
local terminator = require "spec.host.terminator"
local tests = require "spec.host.crowd_tests"

describe("of nginx each of many callers", function()
  local here, tls

  setup(function()
    local folder = files.folder()
    files.shell(("cd %s && chmod 755 . && mkdir newcerts && install -d -o nobody -m 700 home"):format(folder))
    here = { folder = folder, made = callers.make(folder, 200) }
    here.service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", tostring(tests.QPS),
      "--log", folder .. "/calls.ndjson" }
    tls = terminator.start(here.service)
    local values, locations = tests.values(tls), {}
    values.home = ("%q"):format(folder .. "/home")
    for i, path in ipairs(tests.PATHS) do
      locations[i] = ("location = /%s { content_by_lua_block { ngx.print(ask.%s(ngx.var.args)) } }\n"):format(path,
        path)
    end
    here.host = nginx.start { service = here.service, script = tests.SCRIPT, locations = table.concat(locations),
      values = values }
    here.descriptors = function() return nginx.descriptors(here.host) end
  end)

  teardown(function()
    if here.host then nginx.stop(here.host) end
    if tls then terminator.stop(tls) end
    if here.service then emulator.stop(here.service) end
    ipc.remove_folder(here.folder)
  end)

  for _, test in ipairs(tests) do
    it(test[1], function() test[2](here) end)
  end
end)
