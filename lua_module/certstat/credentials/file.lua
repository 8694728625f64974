--- The files that hold profiles: reading them whole, and saying why not.
local core = require "certstat.core"
local ipc = require "certstat.ipc"

local M = {}

local MOST = 1048576 -- bytes; profiles take some hundred each
local NO_SUCH_FILE = 2 -- ENOENT

-- "rw-r--r--", or nil where LuaFileSystem is not installed
local function permissions_of(path)
  local ok, lfs = pcall(require, "lfs")
  return ok and lfs.attributes(path, "permissions") or nil
end

--- read(path) → the file's bytes (at most 1 MiB and one) and its permissions as `ls` shows them, or nil for these;
-- or nil, message, errno.
function M.read(path)
  local handle, message, code = io.open(path, "rb")
  if not handle then return nil, message, code end
  local bytes
  bytes, message, code = handle:read(MOST + 1)
  handle:close()
  if not bytes and message then return nil, message, code end
  return bytes or "", permissions_of(path)
end

--- Whether a path names a file.
function M.is_file(path)
  local facts = ipc.facts(path)
  return facts ~= nil and facts.kind == "file"
end

--- The host that a profile names, in lower case, if it is the service's own; else nil.
function M.own_host(text)
  text = text:lower()
  return text:find("^%w[%w%-.]*%.aliyuncs%.com$") and text or nil
end

local function read_one(source, path, shown)
  local text, detail, code = source.read(path)
  if not text then
    local why = detail:sub(1, #path + 2) == path .. ": " and detail:sub(#path + 3) or detail
    return nil, shown .. ": " .. core.printable(why, 100), code
  end
  if #text > MOST then return nil, shown .. ": expected at most 1 MiB, found more" end
  local warning
  if detail and (detail:find("^...r") or detail:find("^......r")) then
    warning = ("%s can be read by others (%s): chmod 600 it"):format(shown, detail)
  end
  return { path = shown, text = text, warning = warning }
end

--- load(source, variable, names) → the file that the environment's `variable` names, else the first of `names` (what
-- follows the home folder) that is there: {path = to show, text =, warning = where others can read it}. Or nil, why
-- not, and true where it is there, or named, but can't be used. source: see certstat.credentials.
function M.load(source, variable, names)
  local path = source.getenv(variable)
  if path then
    local found, why = read_one(source, path, core.printable(path, 200))
    return found, why, not found
  end
  if not source.home then return nil, "HOME is not set" end
  for _, name in ipairs(names) do
    path = source.home .. name
    local found, why, code = read_one(source, path, core.printable(path, 200))
    if found or code ~= NO_SUCH_FILE then return found, why, not found end
  end
  return nil, "no file " .. core.printable(source.home .. names[1], 200)
end

return M
