--- files.lua - folders and files for specs, an openssl CA among them.
local ipc = require "certstat.ipc"

local files = {}

function files.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function files.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- A new folder; the caller removes it with ipc.remove_folder.
function files.folder() return assert(ipc.temporary_folder("/tmp/certstat-spec-")) end

--- Runs a shell command that must succeed, without a sanitizer's runtime, and returns what it prints.
function files.shell(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; { " .. command .. "; } 2>&1 && echo DONE", "r"))
  local text = pipe:read("*a")
  pipe:close()
  local printed = text:match("^(.*)DONE\n$")
  if not printed then error(command .. ": " .. text, 2) end
  return printed
end

--- The Lua under test, in a shell command; under a sanitizer that needs its runtime, and the shell must not have it.
function files.interpreter()
  local preload = os.getenv("LD_PRELOAD")
  return (preload and "env LD_PRELOAD=" .. preload .. " " or "") .. os.getenv("LUA_EXE")
end

--- Makes an openssl CA in `folder`/ca, and returns the lines of its made.tsv as {number, kind, serial, status, reason}.
function files.make_ca(folder, count, revoked)
  files.shell(("scripts/make-ca %s/ca --count %d --revoked %d"):format(folder, count, revoked))
  local lines = {}
  for number, kind, serial, status, reason in
    files.read(folder .. "/ca/made.tsv"):gmatch("(%d+)\t(%u+)\t(%x+)\t(%l+)\t(%a*)\n") do
    lines[tonumber(number)] = { number = tonumber(number), kind = kind, serial = serial, status = status,
      reason = reason }
  end
  return lines
end

return files
