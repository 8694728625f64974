-- stage.lua - what the soak tests play on: an emulator that notes when calls arrive, callers in processes of their own,
-- which share a home, and perhaps a door between them.
require("spec.support.canaries").watch()
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local Stage = {}
Stage.__index = Stage

local stage = {}

local START_MS, END_MS = 30000, 10000

local function path_of(program)
  if program:find("/", 1, true) then return program end
  return (files.shell("command -v " .. program):gsub("\n", ""))
end

--- new() → a stage: a CA of its own, and nobody on it.
function stage.new()
  local self = setmetatable({ folder = files.folder(), callers = {}, homes = 0 }, Stage)
  files.make_ca(self.folder, 4, 1)
  self.lua, self.node = path_of(os.getenv("LUA_EXE") or "lua"), path_of("node")
  return self
end

--- Begins anew: another home, another emulator, which accepts ten calls a second unless arguments of its own say more,
-- and an empty log.
function Stage:begin(...)
  self.homes = self.homes + 1
  self.home = ("%s/home%d"):format(self.folder, self.homes)
  self.log = ("%s/log%d"):format(self.folder, self.homes)
  self.emulator = emulator.start { "--ca", self.folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--log", self.log, ... }
  self.url = self.emulator.url
end

-- The next line that a process prints.
local function read_line(process, wait_ms)
  local text = ""
  repeat
    local kind, value = process:wait(wait_ms)
    if kind ~= "output" then error("expected a line, found " .. kind .. " " .. tostring(value), 2) end
    text = text .. value
  until text:find("\n", 1, true)
  return text
end

local function place_door(self, scheme, program, ...)
  local argv = { self.node, "spec/soak/" .. program, self.emulator.url:match("%d+$") }
  for _, argument in ipairs { ... } do argv[#argv + 1] = tostring(argument) end
  self.door = assert(ipc.spawn { argv = argv, env = {}, output = true, parent_signal = 9 })
  self.url = scheme .. "://127.0.0.1:" .. read_line(self.door, START_MS):match("%d+")
end

--- Instead of the emulator, a service that is out of order, see dead.js.
function Stage:open_dead_end() place_door(self, "http", "dead.js") end

--- Puts a door between callers and emulator, see door.js.
function Stage:open_door(seed, most_ms, throttled) place_door(self, "http", "door.js", seed, most_ms, throttled) end

--- The same for one that speaks TLS, see tls_door.js.
function Stage:open_tls_door(connect_ms)
  self.ca_file = self.folder .. "/cert.pem"
  files.shell(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=door "
    .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem -out %s"):format(self.folder, self.ca_file))
  place_door(self, "https", "tls_door.js", self.folder, connect_ms)
end

local function caller_env(self, more)
  local env = {
    "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath,
    "ENDPOINT=" .. self.url, "CERTSTAT_HOME=" .. self.home,
    "CA_FILE=" .. (self.ca_file or ""),
    "ALIBABA_CLOUD_ACCESS_KEY_ID=demo", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away",
  }
  for _, variable in ipairs(more or {}) do env[#env + 1] = variable end
  return env
end

--- start(lane, guard [, mode]) → number of the caller, see caller.lua. number: whose place it takes, if it does; env:
-- what its environment has besides.
function Stage:start(lane, guard, mode, number, env)
  number = number or #self.callers + 1
  self.callers[number] = assert(ipc.spawn {
    argv = { self.lua, "spec/soak/caller.lua", lane, guard, mode }, env = caller_env(self, env),
    output = mode ~= nil, parent_signal = 9,
  })
  return number
end

--- Starts a caller, as start does, that may write no more than half a KiB or one into any file.
function Stage:start_without_room(lane, guard, mode)
  self.callers[#self.callers + 1] = assert(ipc.spawn {
    argv = { "/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh",
      self.lua, "spec/soak/caller.lua", lane, guard, mode },
    env = caller_env(self), output = true, parent_signal = 9,
  })
  return #self.callers
end

--- Starts what is never out of the quota file for long, see restless.c; returns the process and its id.
function Stage:start_restless()
  local process = assert(ipc.spawn {
    argv = { os.getenv("PROGRAMS") .. "/restless", self.home }, env = {}, output = true, parent_signal = 9,
  })
  return process, tonumber(read_line(process, START_MS))
end

--- Starts eight callers in one process, "threads" or "children", for so many seconds; see share.c.
function Stage:share(how, seconds)
  self.callers[#self.callers + 1] = assert(ipc.spawn {
    argv = { os.getenv("PROGRAMS") .. "/share", how, self.home, self.url, ("%d"):format(seconds) }, env = {},
    parent_signal = 9,
  })
end

--- Sends a signal to a caller.
function Stage:signal(number, signal) assert(self.callers[number]:signal(signal)) end

--- The line that a caller prints before it ends, or nil where it does not end in time.
function Stage:last_words(number, wait_s)
  local text, until_ns = "", ipc.now_ns() + wait_s * 1e9
  local kind, value
  repeat
    kind, value = self.callers[number]:wait(math.max(0, math.ceil((until_ns - ipc.now_ns()) / 1e6)))
    if kind == "output" then text = text .. value end
  until kind ~= "output"
  return kind == "exited" and text:match("([^\n]*)\n$") or nil
end

--- Kills a caller and starts another in its place.
function Stage:replace(number, lane, guard)
  self.callers[number]:signal(9)
  self.callers[number]:close()
  self:start(lane, guard, nil, number)
end

--- Lets so many seconds pass.
function Stage:pass(seconds)
  local until_ns = ipc.now_ns() + seconds * 1e9
  while true do
    local left_ms = math.ceil((until_ns - ipc.now_ns()) / 1e6)
    if left_ms <= 0 then return end
    local kind = self.emulator.process:wait(left_ms)
    if kind ~= "time" then error("the emulator ended: " .. kind, 2) end
  end
end

-- All that a process has printed and nobody has read.
local function read_all(process)
  local text = ""
  while true do
    local kind, value = process:wait(0)
    if kind ~= "output" then return text end
    text = text .. value
  end
end

--- What a caller that asks in vain has used up to its last attempt, in seconds.
function Stage:used_by(caller) return tonumber(read_all(self.callers[caller]):match("(%S+) %S+\n$")) or 0 end

--- How many requests have come to the service that is out of order.
function Stage:at_dead_end() return select(2, read_all(self.door):gsub("request\n", "")) end

--- What a caller that asks once prints: the seconds that took, of processor time and in all.
function Stage:cost_of(caller, wait_s)
  local used, all = read_line(self.callers[caller], wait_s * 1000):match("^(%S+) (%S+)\n$")
  return tonumber(used), tonumber(all)
end

--- The time of the door's throttle.
function Stage:throttled_us() return tonumber(read_line(self.door, END_MS)) end

--- Ends callers, door and emulator; returns the arrivals of calls in microseconds, in their order, and how many of them
-- were throttled.
function Stage:finish()
  for _, caller in ipairs(self.callers) do caller:close() end
  self.callers = {}
  if self.door then self.door:close() end
  self.door = nil
  emulator.stop(self.emulator)
  local arrivals, throttled = {}, 0
  for line in io.lines(self.log) do
    arrivals[#arrivals + 1] = tonumber(line:match('"arrival_us":(%d+)'))
    if line:find('"code":"Throttling', 1, true) then throttled = throttled + 1 end
  end
  table.sort(arrivals)
  return arrivals, throttled
end

function Stage:close()
  ipc.remove_folder(self.folder)
end

return stage
