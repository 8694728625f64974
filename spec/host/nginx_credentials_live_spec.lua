--- Profiles of mode External in nginx, which takes the exit status of each child of a worker, mostly before anybody
-- else has looked.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"

-- A profile's name is the argument of its program.
local PROGRAM = [[#!/bin/sh
[ "$1" = silent ] && { echo no keys today >&2; exit 3; }
echo '{"mode":"AK","access_key_id":"demo","access_key_secret":"throw-away"}'
]]

local PROFILE = '{"name":"%s","mode":"External","process_command":"%s/program %s"}'

local SCRIPT = [[
local clients = {}
for _, name in ipairs { "written", "silent" } do
  clients[name] = assert(certstat.client { endpoint = "{endpoint}", profile = name })
end
function ask(name) ngx.print(questions.rows(clients[name]:status { "0a1b" })) end
]]

describe("in nginx a profile of mode External", function()
  local folder, service, host

  setup(function()
    service = emulator.start_small { "--listen", "127.0.0.1:0" }
    folder = files.folder()
    files.shell(("cd %s && chmod 755 . && mkdir .aliyun"):format(folder))
    files.write(folder .. "/program", PROGRAM)
    files.write(folder .. "/.aliyun/config.json", ('{"profiles":[%s,%s]}'):format(
      PROFILE:format("written", folder, "written"), PROFILE:format("silent", folder, "silent")))
    files.shell(("cd %s && chmod 755 program .aliyun && chmod 644 .aliyun/config.json"):format(folder))
    host = nginx.start { service = service, script = SCRIPT, before = { "/usr/bin/env", "HOME=" .. folder },
      locations = "location = /status { content_by_lua_block { ask(ngx.var.args) } }" }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  it("serves by what its program writes", function()
    assert.equal("0a1b 0a1b good - - -\n", live.ask(host, "/status?written"))
  end)

  it("says why, where its program writes nothing", function()
    assert.matches("%(profile silent: its process_command [%w ]+: no keys today%)", live.ask(host, "/status?silent"))
  end)
end)
