--- program.lua - runs programs of this build as a user does, with the emulator at the other end.
local canaries = require "spec.support.canaries"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local program = {}
program.__index = program

--- A folder with a CA of `count` certificates, `revoked` of them revoked, and an emulator that answers from it.
function program.new(count, revoked)
  local self = setmetatable({ folder = files.folder() }, program)
  self.certificates = files.make_ca(self.folder, count, revoked)
  self.emulator = emulator.start { "--ca", self.folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--qps", "1000" }
  return self
end

--- The CA's database: {[serial] = {status = "good" | "revoked", at = ISO 8601 or ""}}, serials in lower-case hex.
function program:database()
  local found = {}
  for line in files.read(self.folder .. "/ca/sub/index.txt"):gmatch("[^\n]+") do
    local letter, when, serial = line:match("^(%u)\t%d+Z\t([^\t]*)\t(%x+)\t")
    local at = when:gsub("^(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)Z.*$", "20%1-%2-%3T%4:%5:%6Z")
    found[serial:lower()] = { status = letter == "R" and "revoked" or "good", at = at }
  end
  return found
end

--- Runs a shell command in which "certstat" is this build's and $ENDPOINT the emulator; env: {NAME = value} besides the
-- key that the emulator knows. Returns the exit status, what came out of it and what out of its standard error.
function program:run(command, env)
  local variables = {
    PATH = os.getenv("PATH"), HOME = self.folder, LANG = "C.UTF-8", ENDPOINT = self.emulator.url,
    CERTSTAT = os.getenv("CERTSTAT"), LUA = files.interpreter(), FOLDER = self.folder,
    LUA_PATH = os.getenv("LUA_PATH"), LUA_CPATH = os.getenv("LUA_CPATH"),
    ALIBABA_CLOUD_ACCESS_KEY_ID = "demo", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "throw-away",
    ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true",
  }
  for name, value in pairs(env or {}) do
    variables[name] = value
  end
  local parts = { "exec env -i" }
  for name, value in pairs(variables) do
    parts[#parts + 1] = name .. "='" .. value .. "'"
  end
  files.write(self.folder .. "/script", 'certstat() { "$CERTSTAT" "$@"; }\n' .. command .. "\n")
  parts[#parts + 1] = ("sh %s/script > %s/out 2> %s/err"):format(self.folder, self.folder, self.folder)
  local status = files.shell("(" .. table.concat(parts, " ") .. ") < /dev/null; echo $?")
  local out, err = files.read(self.folder .. "/out"), files.read(self.folder .. "/err")
  canaries.check(out .. err, command)
  return tonumber(status), out, err
end

function program:close()
  emulator.stop(self.emulator)
  ipc.remove_folder(self.folder)
end

return program
