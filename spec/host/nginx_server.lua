--- nginx_server.lua - nginx for a spec as Debian runs it: a master, and workers that are not root.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "certstat.emulator.nginx"

local server = {}

local TERM = 15

local CONFIGURATION = [[
daemon off;
{user}
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/error.log notice;
{modules}
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  lua_package_path "{sources}/?.lua;{sources}/?/init.lua;;";
  lua_package_cpath "{cmodules}/?.so;;";
  init_by_lua_file {folder}/script.lua;
  {http}
  server {
    listen 127.0.0.1:{port};
    location = /ping { return 200 pong; }
    location = /pid { content_by_lua_block { ngx.print(ngx.worker.pid()) } }
    {locations}
  }
}
]]

-- What the scripts of the specs share. open(changes): a client of the emulator.
local PRELUDE = [[
local certstat = require "certstat"
questions = dofile("{specs}/host/questions.lua")
local function open(changes)
  local options = { endpoint = "{endpoint}", ca_file = {ca_file},
    credentials = { access_key_id = "demo", access_key_secret = "throw-away" } }
  for name, value in pairs(changes or {}) do options[name] = value end
  return assert(certstat.client(options))
end
]]

local function filled(text, values) return (text:gsub("{([%l_]+)}", values)) end

-- Starts nginx, behind the words of `before` (a program that becomes nginx), and waits until it serves.
local function run(self, program, before)
  local argv = {}
  for _, word in ipairs(before) do argv[#argv + 1] = word end
  for _, word in ipairs { program, "-p", self.folder, "-c", self.folder .. "/nginx.conf", "-e",
    self.folder .. "/error.log" } do argv[#argv + 1] = word end
  self.process = assert(ipc.spawn {
    argv = argv, env = { "PATH=" .. os.getenv("PATH"), "NGINX=" .. self.listener:fd() .. ";" },
    keep = { self.listener:fd() }, parent_signal = TERM,
  })
  live.ask(self, "/ping")
  self.master = files.read(self.folder .. "/pid"):match("%d+")
end

--- start{service = an emulator, prelude = Lua, if it is not the usual one, script = Lua after it, for init_by_lua,
-- locations =, http = lines of these sections, workers = 1, values = {name = text}, before = {program, argument, …}:
-- what becomes nginx} → a server: {url =, folder =, process =, master = its process id}. In the texts {name} is a
-- value.
function server.start(options)
  local folder, service = files.folder(), options.service or {}
  files.shell("chmod 755 " .. folder)
  local listener, port = ipc.listen("127.0.0.1", 0)
  local self = { folder = folder, listener = listener, url = "http://127.0.0.1:" .. port }
  local found = assert(nginx.find(package.path, package.cpath))
  local values = {
    folder = folder, port = port, user = ipc.user() == 0 and "user nobody nogroup;" or "",
    workers = options.workers or 1, modules = "load_module " .. table.concat(found.modules, ";\nload_module ") .. ";",
    sources = live.sources(), specs = (live.sources():gsub("lua_module$", "spec")), cmodules = live.modules("5.1"),
    http = options.http or "", locations = options.locations,
    endpoint = service.url or "", ca_file = service.ca and ("%q"):format(service.ca) or "nil",
  }
  for name, value in pairs(options.values or {}) do values[name] = value end
  values.http, values.locations = filled(values.http, values), filled(values.locations, values)
  files.write(folder .. "/nginx.conf", filled(CONFIGURATION, values))
  files.write(folder .. "/script.lua", filled((options.prelude or PRELUDE) .. options.script, values))
  run(self, found.program, options.before or {})
  return self
end

--- The process ids of its workers: an old one too, while it has something to do.
function server.workers(self)
  local list = {}
  for id in files.read(("/proc/%s/task/%s/children"):format(self.master, self.master)):gmatch("%d+") do
    list[#list + 1] = id
  end
  return list
end

--- Sends a signal ("HUP") to the master, or to the process `id`.
function server.signal(self, name, id) files.shell(("kill -%s %s"):format(name, id or self.master)) end

--- Lets it read its configuration again, and waits until a new worker serves beside the old one.
function server.reload(self)
  local old = live.ask(self, "/pid")
  server.signal(self, "HUP")
  live.ask_until(self, "/pid", old)
  return old
end

--- Whether a process is no more.
function server.is_gone(id)
  local file = io.open("/proc/" .. id .. "/stat")
  return not file or not file:close()
end

--- How many descriptors its only worker has open.
function server.descriptors(self)
  return tonumber(files.shell(("ls /proc/%s/fd | wc -l"):format(server.workers(self)[1])))
end

--- What nginx has logged from a level on: lines that match a pattern.
function server.logged(self, pattern)
  local lines = {}
  for line in files.read(self.folder .. "/error.log"):gmatch("[^\n]+") do
    if line:find(pattern) then lines[#lines + 1] = line end
  end
  return table.concat(lines, "\n")
end

--- stop(self) → how it ended: "exited", status or "killed", signal.
function server.stop(self)
  local kind, value = live.stop(self)
  self.listener:close()
  ipc.remove_folder(self.folder)
  return kind, value
end

return server
