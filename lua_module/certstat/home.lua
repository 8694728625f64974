--- The home: the folder of what certstat keeps. One folder is one deployment, and in it each account of the service has
-- its files.
local core = require "certstat.core"

local M = {}

local LONGEST_NAME = 64

local function variable(getenv, name)
  local value = getenv(name)
  return value ~= "" and value or nil
end

--- find(given, getenv) → path, named: the folder that is meant, and whether somebody named it; nil where there is
-- nothing to go by. given: what a program or --home says, may be nil.
-- Then CERTSTAT_HOME, XDG_STATE_HOME/certstat (https://specifications.freedesktop.org/basedir-spec/: a relative path in
-- it is passed over), and ~/.local/state/certstat.
function M.find(given, getenv)
  local named = given or variable(getenv, "CERTSTAT_HOME")
  if named then return named, true end
  local state = variable(getenv, "XDG_STATE_HOME")
  if state and state:find("^/") then return state .. "/certstat", false end
  local home = variable(getenv, "HOME")
  if home and home:find("^/") then return home .. "/.local/state/certstat", false end
  return nil
end

--- account(given, getenv, known) → the name of the account whose quota and answers are meant; or nil, message, info.
-- given: what a program or --account says, may be nil; then CERTSTAT_ACCOUNT; then `known`, the account's id in the ARN
-- of the role that asks, may be nil; else "default". It is a file's name.
function M.account(given, getenv, known)
  local name = given or variable(getenv, "CERTSTAT_ACCOUNT") or known or "default"
  if #name <= LONGEST_NAME and name:find("^[A-Za-z0-9_-][A-Za-z0-9._-]*$") then return name end
  return nil, ("account: expected 1 to %d letters, digits, '.', '_' or '-', no '.' in front, found '%s'"):format(
    LONGEST_NAME, core.printable(name, 80)), { class = "argument", code = "InvalidAccount" }
end

return M
