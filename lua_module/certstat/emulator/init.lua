--- The emulator's supervisor: makes nginx's folder and socket, starts it, waits, and leaves nothing behind.
local ipc = require "certstat.ipc"
local nginx = require "certstat.emulator.nginx"
local settings = require "certstat.emulator.settings"
local tls = require "certstat.emulator.tls"

local M = {}

local SIGTERM = 15
local START_MS, STOP_MS = 30000, 5000

local function failure(message, class)
  return nil, message, { class = class or "limit" }
end

-- Until nginx has said that it is ready: true; "signal"; or nil, message, info.
local function wait_until_ready(process)
  local said = ""
  repeat
    local kind, value = process:wait(START_MS)
    if kind == "signal" then return "signal" end
    if kind == "time" then return failure("nginx did not start: nothing was heard of it for 30 seconds") end
    if kind ~= "output" then return failure("nginx did not start") end
    said = said .. value
    local reason = said:match("^failed ([^\n]*)\n")
    if reason then return failure(reason) end
  until said:find("ready\n", 1, true)
  return true
end

local function wait_until_told(process)
  repeat
    local kind, value = process:wait(3600000)
    if kind == "signal" then return true end
    if kind == "exited" or kind == "killed" then
      local how = kind == "exited" and "ended by itself, exit status" or "was killed by signal"
      return failure(("nginx %s %d"):format(how, value), "closed")
    end
  until not kind
  return failure("nginx can't be waited for")
end

local function stop(process)
  if not process:signal(SIGTERM) then return end
  repeat
    local kind = process:wait(STOP_MS)
  until kind ~= "output" and kind ~= "signal"
end

local function serve(process, places, announce)
  local ready, message, info = wait_until_ready(process)
  if not ready then return nil, message, info end
  if ready == "signal" then return true end
  announce(places)
  return wait_until_told(process)
end

local function start(options, folder, listener, listen)
  local found, message = nginx.find(package.path, package.cpath)
  if not found then return failure(message) end
  local configuration
  configuration, message = nginx.configuration(found, folder, listen, ipc.user() == 0, options.tls)
  if not configuration then return failure(message) end
  local file
  file, message = io.open(folder .. "/nginx.conf", "w")
  if not file then return failure(message) end
  file:write(configuration)
  file:close()
  local ok
  ok, message = settings.write(folder, {
    folders = options.folders, keys = options.keys, qps = options.qps, operation_qps = options.operation_qps,
    max_serials = options.max_serials, switches = options.switches, log = options.log, faults = options.faults,
    tls = options.tls, session_seconds = options.session_seconds, metadata = options.metadata,
  })
  if not ok then return failure(message) end
  return ipc.spawn {
    -- what it notes before it has read its configuration goes to a file; what keeps it from starting goes
    -- to both
    argv = { found.program, "-p", folder, "-c", folder .. "/nginx.conf", "-e", folder .. "/start.log" },
    -- nginx takes over the listening sockets that this names
    env = { "NGINX=" .. listener:fd() .. ";", "PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
    keep = { listener:fd() }, output = true, signals = true, parent_signal = SIGTERM,
  }
end

-- Everything between the folder's making and its removal.
local function run_in(folder, options, listener, listen)
  local places = { url = (options.tls and "https://" or "http://") .. listen, control = nginx.control_path(folder) }
  local process, message, info
  if options.tls then
    places.ca, message = tls.make(folder, options.address)
    if not places.ca then return failure(message) end
  end
  process, message, info = start(options, folder, listener, listen)
  listener:close() -- nginx's copy is the only one from now on
  if not process then return nil, message, info end
  local ok
  ok, message, info = serve(process, places, options.announce)
  stop(process)
  process:close()
  return ok, message, info
end

--- run{folders=, address=, port=, keys=, qps=, operation_qps=, max_serials=, switches=, faults=, tls=, log=,
-- session_seconds=, metadata=, announce=, temporary=} → true when SIGTERM, SIGINT or SIGHUP has ended it; or nil,
-- message, info.
-- folders: `openssl ca` folders; address, port: see options.listen; keys: see certstat.emulator.keys; qps: calls of an
-- account in any second; operation_qps: those of operations that count by themselves, by name; switches: see
-- certstat.emulator.switches; faults: the text of a scenario that faults.read takes, or nil; tls: whether it speaks
-- TLS, by a CA of its own; log: the path of its record, or nil; session_seconds, metadata: see worker.lua's rooms, may
-- be nil; announce{url=, control= path of its socket, ca= path of its CA, or nil}: called when it answers; temporary:
-- where its folder is made.
function M.run(options)
  local listener, port = ipc.listen(options.address, options.port)
  if not listener then return failure(port) end
  ipc.hold_signals(true)
  local folder, message, info = ipc.temporary_folder(options.temporary .. "/certstat-emulator-")
  local finished, ok = true, nil
  if folder then
    local address = options.address:find(":", 1, true) and "[" .. options.address .. "]" or options.address
    local listen = ("%s:%d"):format(address, port)
    finished, ok, message, info = pcall(run_in, folder, options, listener, listen)
    ipc.remove_folder(folder)
  end
  ipc.hold_signals(false)
  if not finished then error(ok, 0) end
  return ok, message, info
end

return M
