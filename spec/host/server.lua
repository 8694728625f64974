--- server.lua - nginx and HAProxy for soak tests and benchmarks: as a normal user, a master with one worker, which
-- answers `GET /TEXT` with what a function of Lua returns for TEXT.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local lfs = require "lfs"
local live = require "spec.host.live"
local nginx = require "certstat.emulator.nginx"

local Server = {}
Server.__index = Server

local server = {}

local USER = "haproxy" -- which its package brings
local HUP, QUIT, KILL, USR1, USR2, TERM = 1, 3, 9, 10, 12, 15
local END_MS = 20000

local NGINX = [[
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/stderr warn;
{modules}
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  lua_package_path "{lua}/?.lua;{lua}/?/init.lua;;";
  lua_package_cpath "{modules51}/?.so;;";
  init_by_lua_block { ask, begin = dofile("{folder}/ask.lua") }
  init_worker_by_lua_block { begin() }
  server {
    listen 127.0.0.1:{port};
    location / { content_by_lua_block { ngx.print(ask(ngx.var.uri:sub(2))) } }
  }
}
]]

local HAPROXY = [[
global
  nbthread {threads}
  lua-prepend-path {lua}/?.lua
  lua-prepend-path {lua}/?/init.lua
  lua-prepend-path {modules53}/?.so cpath
  {load} {folder}/service.lua
defaults
  mode http
  timeout connect 5s
  timeout client 2m
  timeout server 2m
frontend door
  bind fd@{fd}
  http-request use-service lua.ask
]]

local SERVICE = [[
local ask, begin = dofile("{folder}/ask.lua")
begin()
core.register_service("ask", "http", function(applet)
  local body = ask(applet.path:sub(2))
  applet:set_status(200)
  applet:add_header("content-length", #body)
  applet:start_response()
  applet:send(body)
end)
]]

local function write(path, text, values)
  files.write(path, (text:gsub("{([%l%d_]+)}", values)))
end

local function is_root() return ipc.user() == 0 end

--- Gives a file or folder to whom the servers run as.
function server.give(path)
  if is_root() then files.shell(("chown -R %s %s"):format(USER, path)) end
end

-- The command of a server: its messages go to the file stderr, its id to the file pid.
local function as_user(folder, argv)
  local command = { "/bin/sh", "-c", 'echo $$ > "$0/pid"; exec "$@" 2>> "$0/stderr"', folder }
  if is_root() then
    for _, word in ipairs { "/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups",
      "--pdeathsig", "TERM" } do
      command[#command + 1] = word
    end
  end
  for _, word in ipairs(argv) do command[#command + 1] = word end
  return command
end

local function load_modules(found)
  local lines = {}
  for i, path in ipairs(found.modules) do lines[i] = "load_module " .. path .. ";" end
  return table.concat(lines, "\n")
end

--- copy(folder) → {lua =, modules51 =, modules53 =}: copies in `folder` of certstat's files, that anybody may read.
function server.copy(folder)
  local values = { lua = folder .. "/lua", modules51 = folder .. "/5.1", modules53 = folder .. "/5.3" }
  files.shell(("cp -r %s %s && cp -r %s %s && cp -r %s %s && rm -r %s/certstat/emulator %s/certstat/command"):format(
    live.sources(), values.lua, live.modules "5.1", values.modules51, live.modules "5.3", values.modules53, values.lua,
    values.lua))
  files.shell("chmod -R a+rX " .. folder)
  return values
end

--- new{kind =, folder =, copies =, ask =, values =, threads =} → a server, which runs.
-- kind: "nginx", or how HAProxy loads its Lua, "lua-load" or "lua-load-per-thread"; threads: of HAProxy (1). folder:
-- where its files are, which is made. copies: from copy. ask: the text of a Lua file that returns that function,
-- and one for a worker's start; {NAME} in it becomes values[NAME]. It finds the emulator's key in its environment.
function server.new(options)
  local listener, port = ipc.listen("127.0.0.1", 0)
  local folder = options.folder
  local self = setmetatable({ kind = options.kind, folder = folder, listener = listener,
    url = ("http://127.0.0.1:%d/"):format(port) }, Server)
  local values = { folder = folder, load = options.kind, port = port, fd = listener:fd(),
    threads = options.threads or 1 }
  for name, path in pairs(options.copies) do values[name] = path end
  assert(lfs.mkdir(folder))
  write(folder .. "/ask.lua", options.ask, options.values)
  if self.kind == "nginx" then
    local found = assert(nginx.find(package.path, package.cpath))
    values.modules = load_modules(found)
    write(folder .. "/conf", NGINX, values)
    self.argv = { found.program, "-p", folder, "-c", folder .. "/conf", "-e", folder .. "/stderr" }
  else
    write(folder .. "/service.lua", SERVICE, values)
    write(folder .. "/conf", HAPROXY, values)
    self.argv = { "/usr/sbin/haproxy", "-W", "-f", folder .. "/conf" }
  end
  files.write(folder .. "/stderr", "")
  server.give(folder)
  self:start()
  return self
end

function Server:start()
  os.remove(self.folder .. "/pid")
  local fd = self.listener:fd()
  self.process = assert(ipc.spawn {
    argv = as_user(self.folder, self.argv), keep = { fd }, parent_signal = TERM,
    env = { "PATH=" .. os.getenv("PATH"), "NGINX=" .. fd .. ";", "ALIBABA_CLOUD_ACCESS_KEY_ID=demo",
      "ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away" },
  })
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

--- The id of its master; nil where there is none just now.
function Server:master() return tonumber(read(self.folder .. "/pid") or "") end

--- status(id, name) → a number of proc_pid_status(5), or the state's letter of "State"; nil where there is no such
-- process.
function server.status(id, name)
  local text = read(("/proc/%d/status"):format(id))
  local value = text and text:match("\n" .. name .. ":%s*(%w+)")
  return tonumber(value) or value
end

--- The processor time that a process of one thread has had, in nanoseconds (proc(5), schedstat).
function server.cpu_ns(id) return tonumber(read(("/proc/%d/schedstat"):format(id)):match("^%d+")) end

--- How many descriptors a process has open.
function server.descriptors(id)
  local n = -2 -- . and ..
  for _ in lfs.dir(("/proc/%d/fd"):format(id)) do n = n + 1 end
  return n
end

--- The ids of its workers, the oldest first, and of those that have ended and lie about.
function Server:workers()
  local master, running, zombies = self:master(), {}, {}
  for id in (master and read(("/proc/%d/task/%d/children"):format(master, master)) or ""):gmatch("%d+") do
    local state = server.status(id, "State")
    if state then table.insert(state == "Z" and zombies or running, tonumber(id)) end
  end
  return running, zombies
end

local function signal(id, number) files.shell(("kill -%d %d"):format(number, id)) end

--- Tells its master to begin anew.
function Server:reload() signal(self:master(), self.kind == "nginx" and HUP or USR2) end

--- Kills its youngest worker, and waits until it is no more.
function Server:kill()
  local workers = self:workers()
  local id = workers[#workers]
  signal(id, KILL)
  repeat local state = server.status(id, "State") until not state or state == "Z"
end

--- What a supervisor does: HAProxy's master ends with its worker, and is started again.
function Server:supervise()
  if self.process:wait(0) == "time" then return end
  self.process:close()
  self:start()
end

--- What it has said.
function Server:said() return read(self.folder .. "/stderr") or "" end

--- Ends it as soon as it has answered; returns how, "exited" and a status or "killed" and a signal.
function Server:stop()
  signal(self:master(), self.kind == "nginx" and QUIT or USR1)
  local kind, value = self.process:wait(END_MS)
  self.process:close()
  self.listener:close()
  return kind, value
end

return server
