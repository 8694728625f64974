--- What a turn of the loop does in an nginx worker, with 20 calls in flight and a new TLS connection for each: no
-- system call that waits, no file opened, one connection begun at most, and little of the processor.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"
local terminator = require "spec.host.terminator"
local turns = require "spec.host.turns"

local CALLERS = 20

local SCRIPT = turns.SCRIPT .. [[
local client, stranger = open { qps = 400 }, open { ca_file = "{other_ca}" }
local taken = watch(client)
function call(times)
  for _ = 1, times do assert(client:call("GetCAInstanceStatus", { InstanceId = "x" })) end
  ngx.print("answered")
end
function show() ngx.print(taken()) end
function refused() ngx.print(questions.rows(stranger:status { "0a1b" })) end
]]

local LOCATIONS = [[
  location = /call { content_by_lua_block { call(1) } }
  location = /calls { content_by_lua_block { call(25) } }
  location = /turns { content_by_lua_block { show() } }
  location = /refused { content_by_lua_block { refused() } }
]]

describe("a turn in nginx", function()
  local folder, service, tls, other, host

  setup(function()
    folder = files.folder()
    files.shell("mkdir " .. folder .. "/newcerts")
    files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
    emulator.fail(service, '{"fault":"latency","ms":200}')
    tls, other = terminator.start(service), terminator.start(service)
    host = nginx.start { service = tls, script = SCRIPT, locations = LOCATIONS, values = { other_ca = other.ca } }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if other then terminator.stop(other) end
    if tls then terminator.stop(tls) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  local function call_all(path)
    local paths, expected = {}, {}
    for i = 1, CALLERS do paths[i], expected[i] = path, "answered" end
    for i = CALLERS + 1, 3 * CALLERS do paths[i], expected[i] = "/ping", "pong" end
    assert.are.same(expected, live.ask_all(host, paths))
  end

  it("trusts whom the client's ca_file names, and nobody else", function()
    assert.matches("^error network TLSRefused: ", live.ask(host, "/refused"))
  end)

  it("takes 1.5 ms of the processor at most, 99 of 100 times", function()
    turns.judge_cpu(function()
      call_all("/calls")
      return live.ask(host, "/turns")
    end)
  end)

  it("waits for nothing, opens no file and begins one connection at most", function()
    local worker = nginx.workers(host)[1]
    local list, text = turns.traced(worker, function() call_all("/call") end)
    assert.is_true(turns.judge(list, true) >= CALLERS)
    turns.judge_rounds(text, worker)
  end)
end)
