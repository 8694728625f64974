--- certstat inside a real nginx worker: a call from a content phase and from a timer, while others are served.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "certstat.emulator.nginx"

local CONFIGURATION = [[
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{modules}
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  lua_package_path "{sources}/?.lua;{sources}/?/init.lua;;";
  lua_package_cpath "{cmodules}/?.so;;";
  init_by_lua_block {
    local certstat = require "certstat"
    function open() return assert(certstat.client { endpoint = "{endpoint}",
      credentials = { access_key_id = "demo", access_key_secret = "throw-away" } }) end
    function show(rows, message)
      return rows and (rows[1].serial .. " " .. rows[1].status) or ("failed: " .. message)
    end
  }
  server {
    listen 127.0.0.1:{port};
    location = /status { content_by_lua_block {
      client = client or open()
      ngx.say(show(client:status { ngx.var.arg_serial }))
    } }
    location = /timer { content_by_lua_block {
      if not timer then
        timer = "pending"
        ngx.timer.at(0, function() timer = show(open():status { serial }) end)
      end
      ngx.say(timer)
    } }
    location = /start { content_by_lua_block {
      serial = ngx.var.arg_serial
      ngx.say("started")
    } }
    location = /log { content_by_lua_block { ngx.say(logged or "pending") } }
    location = /logged {
      content_by_lua_block { ngx.say("said") }
      log_by_lua_block { local rows, message = open():status { "01" }; logged = rows and "answered" or message }
    }
  }
}
]]

describe("in nginx", function()
  local folder, service, host, made

  setup(function()
    folder = files.folder()
    files.shell("chmod 755 " .. folder)
    made = files.make_ca(folder, 4, 1)
    service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0" }
    host = live.start(folder, function(port, fd)
      local found = assert(nginx.find(package.path, package.cpath))
      local load = ""
      for _, path in ipairs(found.modules) do load = load .. "load_module " .. path .. ";\n" end
      local values = {
        user = ipc.user() == 0 and "user root;" or "", modules = load, sources = live.sources(),
        cmodules = live.modules("5.1"), endpoint = service.url, port = port, folder = folder,
      }
      local text = CONFIGURATION:gsub("{(%l+)}", values)
      files.write(folder .. "/nginx.conf", text)
      return { argv = { found.program, "-p", folder, "-c", folder .. "/nginx.conf", "-e", folder .. "/error.log" },
        env = { "NGINX=" .. fd .. ";", "PATH=" .. os.getenv("PATH") } }
    end)
  end)

  teardown(function()
    if host then live.stop(host) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  local function row(wanted)
    for _, one in ipairs(made) do
      if one.status == wanted then return one.serial:lower() end
    end
  end

  it("answers from a content phase", function()
    local good, revoked = row("good"), row("revoked")
    assert.are.equal(good .. " good\n", live.ask(host, "/status?serial=" .. good))
    assert.are.equal(revoked .. " revoked\n", live.ask(host, "/status?serial=" .. revoked))
  end)

  it("answers from a timer", function()
    local revoked = row("revoked")
    live.ask(host, "/start?serial=" .. revoked)
    assert.are.equal(revoked .. " revoked\n", live.ask_until(host, "/timer", "pending\n"))
  end)

  it("says in which phase it can't wait", function()
    live.ask(host, "/logged")
    assert.are.equal("a call can't wait in nginx's log phase: start it in a timer (ngx.timer.at)\n",
      live.ask_until(host, "/log", "pending\n"))
  end)
end)
