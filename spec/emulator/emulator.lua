--- emulator.lua - starts the emulator for a spec as a process of its own, and asks it with curl.
local certstat = require "certstat"
local cjson = require("cjson").new()
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local emulator = {}

local START_MS = 120000

-- the interpreter of the running Lua
local function interpreter()
  local at, program = 0, nil
  while arg and arg[at] do
    program = arg[at]
    at = at - 1
  end
  if program and program:find("^/") then return program end
  return (files.shell("command -v " .. (program or "lua")):gsub("\n", ""))
end

--- start(arguments, environment) → {process=, url=, host=, control=, ca=, output=}. arguments: of `certstat emulator`.
function emulator.start(arguments, environment)
  local argv = { interpreter(), "scripts/certstat", "emulator" }
  for _, argument in ipairs(arguments) do argv[#argv + 1] = argument end
  local env = {
    "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath, "PATH=" .. os.getenv("PATH"),
    "CERTSTAT_EMULATOR_ACCESS_KEY=demo:throw-away",
  }
  for _, variable in ipairs(environment or {}) do env[#env + 1] = variable end
  -- a sanitizer's runtime, which the interpreter is not built with
  if os.getenv("LD_PRELOAD") then env[#env + 1] = "LD_PRELOAD=" .. os.getenv("LD_PRELOAD") end
  local process = assert(ipc.spawn { argv = argv, env = env, output = true, parent_signal = 15 })
  local self = { process = process, output = "" }
  repeat
    local kind, value = self.process:wait(START_MS)
    if kind ~= "output" then
      self.process:close()
      error("the emulator did not start: " .. kind .. " " .. tostring(value), 2)
    end
    self.output = self.output .. value
  until self.output:find("\n", 1, true)
  -- all lines come in one write
  self.url, self.host = self.output:match("^listening on (https?://([^\n]+))\n")
  self.control = self.output:match("\ncontrol socket ([^\n]*)\n")
  self.ca = self.output:match("\nCA certificate ([^\n]*)\n")
  return self
end

--- start_small(arguments) → as start, with `folder`: a CA of one certificate, 0A1B, which is valid.
function emulator.start_small(arguments)
  local folder = files.folder()
  files.shell("mkdir " .. folder .. "/newcerts")
  files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n")
  local self = emulator.start { "--ca", folder, arguments[1], arguments[2] }
  self.folder = folder
  return self
end

--- stop(self [, signal]) → how it ended: "exited", status.
function emulator.stop(self, signal)
  self.process:signal(signal or 15)
  local kind, value
  repeat kind, value = self.process:wait(START_MS) until kind ~= "output"
  self.process:close()
  if self.folder then ipc.remove_folder(self.folder) end
  return kind, value
end

--- order(self, method, path [, body]) → HTTP status, decoded JSON: asks its control socket.
function emulator.order(self, method, path, body)
  local data = body and ("--data-binary '%s'"):format(body) or ""
  local command = "curl -sS --max-time 100 --unix-socket %s -X %s %s -w '\\n%%{http_code}' 'http://emulator%s'"
  local text = files.shell(command:format(self.control, method, data, path))
  local json, status = text:match("^(.*)\n(%d+)$")
  return tonumber(status), cjson.decode(json)
end

--- fail(self, faults): from now on it has these faults and no other. faults: the objects of a scenario, in JSON.
function emulator.fail(self, faults)
  assert(emulator.order(self, "DELETE", "/faults") == 200)
  assert(emulator.order(self, "POST", "/faults", '{"faults":[' .. faults .. "]}") == 200)
end

--- hits(self) → how many calls have got the faults that it has now.
function emulator.hits(self)
  local _, listed = emulator.order(self, "GET", "/faults")
  local hits = 0
  for _, fault in ipairs(listed.faults) do hits = hits + fault.hits end
  return hits
end

--- calls(self) → how many calls it has had.
function emulator.calls(self)
  local _, counters = emulator.order(self, "GET", "/counters")
  return counters.calls
end

local function quoted(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

--- signed(self, changes) → the curl configuration of a signed call; `changes` of what certstat.sign takes.
function emulator.signed(self, changes)
  local request = {
    method = "POST", host = self.host, path = "/", action = "DescribeClientCertificateStatusForSerialNumber",
    version = "2020-06-30", access_key_id = "demo", access_key_secret = "throw-away",
  }
  for name, value in pairs(changes) do request[name] = value end
  local signed = assert(certstat.sign(request))
  local lines = { "url = " .. quoted(self.url .. signed.target), "request = " .. request.method }
  if self.ca then lines[3] = "cacert = " .. quoted(self.ca) end
  for name, value in pairs(signed.headers or {}) do lines[#lines + 1] = "header = " .. quoted(name .. ": " .. value) end
  if request.body then lines[#lines + 1] = "data-binary = " .. quoted(request.body) end
  return table.concat(lines, "\n") .. "\n"
end

--- curl(configurations) → array of {status=, headers=, body=}; configurations: array of strings, one a call, made one
-- after the other on one connection.
function emulator.curl(configurations)
  local folder = files.folder()
  for i, text in ipairs(configurations) do
    configurations[i] = text .. ("output = %s/%d.body\ndump-header = %s/%d.head\n"):format(folder, i, folder, i)
  end
  files.write(folder .. "/curl", table.concat(configurations, "next\nsilent\nshow-error\n"))
  files.shell(("curl -sS --max-time 20 -K %s/curl"):format(folder))
  local replies = {}
  for i = 1, #configurations do
    local head = files.read(("%s/%d.head"):format(folder, i))
    local headers = {}
    for name, value in head:gmatch("\n([%w-]+): ([^\r\n]*)") do headers[name:lower()] = value end
    replies[i] = {
      status = tonumber(head:match("^HTTP/%S+ (%d+)")), headers = headers,
      body = files.read(("%s/%d.body"):format(folder, i)),
    }
    os.remove(("%s/%d.body"):format(folder, i)) -- it may be a key, which is what was asked for
  end
  ipc.remove_folder(folder)
  return replies
end

return emulator
