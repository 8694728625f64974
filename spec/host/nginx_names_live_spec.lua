--- A name server that never answers, asked from nginx: a call ends with its time, the worker serves others meanwhile,
-- no turn waits for the lookup, and no worker is held by it when it shall end.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local name_server = require "spec.host.name_server"
local nginx = require "spec.host.nginx_server"
local turns = require "spec.host.turns"

local SCRIPT = turns.SCRIPT .. [[
local named = open { endpoint = "http://cas-spec.aliyuncs.com:{service_port}", allow_http = true, timeout = 3 }
local addressed = open { endpoint = "http://cas-spec.aliyuncs.com:{service_port}", allow_http = true,
  connect_to = "127.0.0.1" }
watch(named)
function ask(client) ngx.print(questions.rows(client:status { "0a1b" })) end
function ask_named() ask(named) end
function ask_addressed() ask(addressed) end
]]

local LOCATIONS = [[
  location = /named { content_by_lua_block { ask_named() } }
  location = /addressed { content_by_lua_block { ask_addressed() } }
]]

-- nginx with a resolv.conf of its own, which for a moment nobody but root may do.
local UNSHARE = { "/usr/bin/unshare", "-m", "/bin/sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"' }

describe("in nginx with a name server that never answers", function()
  local folder, service, silent, host

  setup(function()
    folder = files.folder()
    files.shell("mkdir " .. folder .. "/newcerts && chmod 755 " .. folder)
    files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0" }
    local address
    silent, address = name_server.start_silent()
    files.write(folder .. "/resolv.conf", "nameserver " .. address .. "\n")
    local before = { folder .. "/resolv.conf" }
    for i, word in ipairs(UNSHARE) do table.insert(before, i, word) end
    host = nginx.start { service = service, script = SCRIPT, locations = LOCATIONS, before = before,
      values = { service_port = service.url:match("%d+$") } }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if silent then silent:close() end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  it("ends the call with its time, and serves others", function()
    local asked = live.ask_later(host, "/named")
    assert.are.equal("output", (silent:wait(30000)))
    assert.are.equal(("pong"):rep(10), live.ask(host, "/ping?[1-10]"))
    assert.are.equal("0a1b 0a1b good - - -\n", live.ask(host, "/addressed"))
    assert.is_true(live.is_pending(asked))
    assert.matches(name_server.UNANSWERED, live.answer(asked))
  end)

  it("waits for no lookup in any turn, not at its end either", function()
    local list = turns.traced(nginx.workers(host)[1], function()
      local paths = {}
      for i = 1, 20 do paths[i] = "/named" end
      for _, body in ipairs(live.ask_all(host, paths)) do assert.matches(name_server.UNANSWERED, body) end
    end)
    assert.are.equal(0, turns.judge(list, true))
    assert.is_true(#list > 20)
  end)

  it("ends workers though lookups hang", function()
    local asked = live.ask_later(host, "/named")
    local old = nginx.reload(host)
    assert.matches(name_server.UNANSWERED, live.answer(asked))
    live.await(function() return nginx.is_gone(old) end)
    assert.are.equal("pong", live.ask(host, "/ping"))
    assert.are.equal("", nginx.logged(host, "signal 9"))
  end)
end)
