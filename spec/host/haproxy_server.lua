--- haproxy_server.lua - HAProxy for a spec as Debian runs it: a master and its worker of two threads, with the settings
-- of the package's haproxy.cfg; started by root it becomes the user haproxy in a chroot, an empty folder of the spec's.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local server = {}

local TERM, LONG_MS = 15, 90000

local CONFIGURATION = [[
global
  {identity}
  stats socket {folder}/admin.sock mode 660 level admin
  stats timeout 30s
  nbthread 2
  lua-prepend-path {sources}/?.lua
  lua-prepend-path {sources}/?/init.lua
  lua-prepend-path {cmodules}/?.so cpath
  {global}
  {load} {folder}/script.lua
defaults
  mode http
  option httplog
  option dontlognull
  timeout connect 5000
  timeout client 50000
  timeout server 50000
]]

-- What the scripts of the specs share. open(changes): a client of the emulator; serve(name, answer): a service of HTTP
-- with the body that answer(applet) returns.
local PRELUDE = [[
local certstat = require "certstat"
local questions = dofile("{specs}/host/questions.lua")
local function open(changes)
  local options = { endpoint = "{endpoint}", ca_file = {ca_file},
    credentials = { access_key_id = "demo", access_key_secret = "throw-away" } }
  for name, value in pairs(changes or {}) do options[name] = value end
  return assert(certstat.client(options))
end
local function serve(name, answer)
  core.register_service(name, "http", function(applet)
    local body = answer(applet)
    applet:set_status(200)
    applet:add_header("content-length", #body)
    applet:start_response()
    applet:send(body)
  end)
end
]]

local function filled(text, values) return (text:gsub("{([%l_]+)}", values)) end

-- jail: the files in the chroot, by path.
local function identity(folder, jail)
  if ipc.user() ~= 0 then return "" end
  files.shell(("mkdir -p %s/jail/etc"):format(folder))
  for path, text in pairs(jail) do files.write(folder .. "/jail/" .. path, text) end
  return ("user haproxy\n  group haproxy\n  chroot %s/jail"):format(folder)
end

-- A home for who serves: its path there, in quotes.
local function make_home(folder)
  if ipc.user() ~= 0 then return ("%q"):format(folder .. "/home") end
  files.shell(("install -d -m 700 -o haproxy %s/jail/home"):format(folder))
  return '"/home"'
end

local function exists(path)
  local file = io.open(path, "r")
  return file and file:close()
end

--- Runs the server's HAProxy until it is up, again where it has ended; its messages go to the file stderr.
function server.run(self)
  local folder = self.folder
  os.remove(folder .. "/pid")
  self.process = assert(ipc.spawn {
    argv = { "/bin/sh", "-c", 'exec "$@" 2>> ' .. folder .. "/stderr", "sh", "/usr/sbin/haproxy", "-W", "-f",
      folder .. "/haproxy.cfg", "-p", folder .. "/pid" },
    env = { "PATH=" .. os.getenv("PATH") }, keep = self.keep, parent_signal = TERM,
  })
  repeat
    if self.process:wait(10) ~= "time" then error("HAProxy did not start: " .. server.said(self), 3) end
  until exists(folder .. "/pid")
end

--- start{load =, service = an emulator, doors = {name, …}, script = Lua after the prelude, proxies = the last sections
-- of the configuration, global = lines for its first, jail = {path = text}: the files in the chroot, values = {name =
-- text}} → a server: {url = of the first door, port = {door = number}, folder =, process =}. In the texts {name} is a
-- value, {door} that door's listening socket, {home} the path of a home, in quotes.
function server.start(options)
  local folder, service = files.folder(), options.service
  local self = { folder = folder, port = {}, keep = {}, listeners = {} }
  local values = {
    folder = folder, sources = live.sources(), specs = (live.sources():gsub("lua_module$", "spec")),
    cmodules = live.modules("5.3"), load = options.load, global = options.global or "",
    identity = identity(folder, options.jail or {}), home = make_home(folder),
    endpoint = service.url, ca_file = service.ca and ("%q"):format(service.ca) or "nil",
  }
  for name, value in pairs(options.values or {}) do values[name] = value end
  for i, door in ipairs(options.doors or { "front" }) do
    local listener, port = ipc.listen("127.0.0.1", 0)
    self.listeners[i], self.port[door], self.keep[i] = listener, port, listener:fd()
    self.url = self.url or "http://127.0.0.1:" .. port
    values[door] = "fd@" .. listener:fd()
  end
  files.write(folder .. "/haproxy.cfg", filled(CONFIGURATION .. options.proxies, values))
  files.write(folder .. "/script.lua", filled(PRELUDE .. options.script, values))
  server.run(self)
  return self
end

local function numbers(text)
  local list = {}
  for number in text:gmatch("%d+") do list[#list + 1] = number end
  return list
end

--- The process id of the master.
function server.master(self) return files.read(self.folder .. "/pid"):match("%d+") end

--- The process ids of its workers: an old one too, while it has requests.
function server.workers(self)
  local master = server.master(self)
  return numbers(files.read(("/proc/%s/task/%s/children"):format(master, master)))
end

--- The ids of its worker's threads.
function server.threads(self) return numbers(files.shell(("ls /proc/%s/task"):format(server.workers(self)[1]))) end

--- What HAProxy has said so far.
function server.said(self) return files.read(self.folder .. "/stderr") end

--- signal(process id, name): sends it a signal.
function server.signal(process, name) files.shell(("kill -%s %s"):format(name, process)) end

--- How many descriptors a process has.
function server.descriptors(process) return #numbers(files.shell(("ls /proc/%s/fd"):format(process))) end

--- wait(self) → how it has ended: "exited", status or "killed", signal.
function server.wait(self) return self.process:wait(LONG_MS) end

function server.stop(self)
  live.stop(self)
  for _, listener in ipairs(self.listeners) do listener:close() end
  ipc.remove_folder(self.folder)
end

--- Its address at a door (the first), for the functions of spec.host.live.
function server.at(self, door)
  return { url = door and ("http://127.0.0.1:%d"):format(self.port[door]) or self.url }
end

return server
