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
local ENDS = { once = true, ["to-the-end"] = true } -- callers that end by themselves, by their mode

local function wall_us() return ipc.wall_ns() / 1000 end -- the emulator's clock

local function path_of(program)
  if program:find("/", 1, true) then return program end
  return (files.shell("command -v " .. program):gsub("\n", ""))
end

--- new() → a stage: a CA of its own, and nobody on it.
function stage.new()
  local self = setmetatable({ folder = files.folder(), callers = {}, fates = {}, homes = 0 }, Stage)
  files.make_ca(self.folder, 4, 1)
  self.lua, self.node = path_of(os.getenv("LUA_EXE") or "lua"), path_of("node")
  return self
end

--- Begins anew: another home, another emulator, which accepts ten calls a second unless arguments of its own say more,
-- and an empty log.
function Stage:begin(...)
  self.homes = self.homes + 1
  self.began_us = nil
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
  if os.getenv("LD_PRELOAD") then env[#env + 1] = "LD_PRELOAD=" .. os.getenv("LD_PRELOAD") end -- a sanitizer's runtime
  return env
end

-- fate: what has to have become of it at the end of the play, see fate_of; nil: whatever.
local function add(self, number, fate, options)
  number = number or #self.callers + 1
  self.callers[number], self.fates[number] = assert(ipc.spawn(options)), fate
  return number
end

--- start(lane, guard [, mode]) → number of the caller, see caller.lua. number: whose place it takes, if it does; env:
-- what its environment has besides.
function Stage:start(lane, guard, mode, number, env)
  return add(self, number, not ENDS[mode] and "runs" or nil, {
    argv = { self.lua, "spec/soak/caller.lua", lane, guard, mode }, env = caller_env(self, env),
    output = mode ~= nil, parent_signal = 9,
  })
end

--- Starts a caller, as start does, that may write no more than half a KiB or one into any file.
function Stage:start_without_room(lane, guard, mode)
  return add(self, nil, not ENDS[mode] and "runs" or nil, {
    argv = { "/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh",
      self.lua, "spec/soak/caller.lua", lane, guard, mode },
    env = caller_env(self), output = true, parent_signal = 9,
  })
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
  add(self, nil, "exited 0", {
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

--- Lets so many seconds pass: with the first of them the play begins.
function Stage:pass(seconds)
  self.began_us = self.began_us or wall_us()
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

-- What has become of a process within so many milliseconds: "runs", or how it has ended.
local function fate_of(process, wait_ms)
  local kind, value
  repeat kind, value = process:wait(wait_ms) until kind ~= "output"
  return kind == "time" and "runs" or kind .. " " .. value
end

-- Ends the callers. Returns a line for each that has not met its fate.
local function end_callers(self)
  local lines = {}
  for number, caller in ipairs(self.callers) do
    local fate = self.fates[number]
    local found = fate and fate_of(caller, fate == "runs" and 0 or END_MS)
    if found ~= fate then
      lines[#lines + 1] = ("caller %d: expected '%s', found '%s'"):format(number, fate, found)
    end
    caller:close()
  end
  self.callers, self.fates = {}, {}
  return lines
end

--- Ends callers, door and emulator; returns the arrivals of calls in microseconds, in their order, how many of them
-- were throttled, and when the play began and ended, {began_us =, ended_us =}, nil where no time has passed. Raises
-- where a caller has ended that had to go on.
function Stage:finish()
  local played = self.began_us and { began_us = self.began_us, ended_us = wall_us() }
  local lines = end_callers(self)
  if self.door then self.door:close() end
  self.door = nil
  emulator.stop(self.emulator)
  if lines[1] then error(table.concat(lines, "\n"), 0) end
  local arrivals, throttled = {}, 0
  for line in io.lines(self.log) do
    arrivals[#arrivals + 1] = tonumber(line:match('"arrival_us":(%d+)'))
    if line:find('"code":"Throttling', 1, true) then throttled = throttled + 1 end
  end
  table.sort(arrivals)
  return arrivals, throttled, played
end

function Stage:close()
  ipc.remove_folder(self.folder)
end

return stage
