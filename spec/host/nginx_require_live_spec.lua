--- require "certstat" in nginx's phases: it reads its own files, and asks the kernel for nothing else.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"

-- What strace sees between begin and end is what loading certstat anew has asked for.
local SCRIPT = [[
function load(phase)
  for name in pairs(package.loaded) do
    if name:find("^certstat") then package.loaded[name] = nil end
  end
  io.open("/begin/" .. phase)
  for _, name in ipairs { "certstat", "certstat.client", "certstat.quota", "certstat.sign" } do require(name) end
  io.open("/end/" .. phase)
end
]]

local HTTP = [[
  init_worker_by_lua_block {
    load "init_worker"
    ngx.timer.at(0, function() load "timer" end)
  }
]]

local LOCATIONS = [[
  location = /load {
    set_by_lua_block $a { load "set" return "a" }
    rewrite_by_lua_block { load "rewrite" }
    access_by_lua_block { load "access" }
    content_by_lua_block { load "content" ngx.print("pong") }
    header_filter_by_lua_block { load "header_filter" }
    body_filter_by_lua_block { load "body_filter" }
    log_by_lua_block { load "log" }
  }
]]

local PHASES = { "init_worker", "timer", "set", "rewrite", "access", "content", "header_filter", "body_filter", "log" }

local ALLOWED = {}
for name in ([[read pread64 lseek close fstat newfstatat access readlink getcwd mmap munmap mprotect madvise brk
  getrandom]]):gmatch("%S+") do ALLOWED[name] = true end

-- A file of certstat's, a library that one of its modules is linked to, or what tells where that is.
local function may_open(path)
  return path:find("/certstat[/.]") or path:find("%.so[.%d]*$") or path == "/etc/ld.so.cache"
end

local function is_allowed(call)
  local path = call:match('^openat%([^"]*"([^"]*)"')
  return ALLOWED[call:match("^[%w_]+")] or path and (may_open(path) or call:find("ENOENT", 1, true))
end

describe('require "certstat" in nginx', function()
  local folder, host

  setup(function()
    folder = files.folder()
    host = nginx.start {
      prelude = "", script = SCRIPT .. 'load "init"\n', http = HTTP, locations = LOCATIONS,
      values = { user = ipc.user() == 0 and "user root;" or "" }, -- who loads a file has to be able to read it
      before = { "/usr/bin/strace", "-D", "-f", "-o", folder .. "/strace" },
    }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    ipc.remove_folder(folder)
  end)

  it("only reads its own files and libraries, in any phase", function()
    assert.are.equal("pong", live.ask(host, "/load"))
    live.await(function() return files.read(folder .. "/strace"):find('"/end/log"', 1, true) end)
    local phases, opened, phase = {}, {}, nil
    for call in files.read(folder .. "/strace"):gmatch("%d+ +([^\n]+)") do
      phase = call:match('"/begin/([%l_]+)"') or phase
      if call:find('"/end/', 1, true) then
        phase = nil
      elseif phase and not call:find('"/begin/', 1, true) then
        phases[phase] = true
        opened[#opened + 1] = call:match('"([^"]*/certstat/init%.lua)", O_RDONLY%) = %d')
        assert(is_allowed(call), phase .. ": " .. call)
      end
    end
    for _, name in ipairs(PHASES) do assert.is_true(phases[name], name) end
    assert.is_true(#opened > #PHASES)
  end)
end)
