--- Access keys as people write them: ID:SECRET, or a file of them, lines or JSON.
local core = require "certstat.core"
local json = require("cjson").new()
local times = require "certstat.times"

local M = {}

local ACCOUNT = "default"

local function check(id, secret)
  if type(id) ~= "string" or #id > 128 or not id:find("^[%w._-]+$") then
    return "access key: expected an id of letters, digits, dot, dash and underscore"
  end
  if type(secret) ~= "string" or #secret > 256 or not secret:find("^[\33-\126]+$") then
    return ("access key %s: expected a secret of printable ASCII without spaces"):format(id)
  end
  return nil
end

--- one(text, open) → {id=, secret=, account=}; or nil, message. text: ID:SECRET. open: true where the text stands in
-- the open, on a command line: an id of a real account is refused there.
function M.one(text, open)
  local id, secret = text:match("^([^:]*):(.*)$")
  if not id then return nil, "access key: expected ID:SECRET" end
  local message = check(id, secret)
  if message then return nil, message end
  if open and (id:find("^LTAI") or id:find("^STS%.")) then
    return nil, ("access key %s: it may be a real one, which no command line should hold"):format(id)
  end
  return { id = id, secret = secret, account = ACCOUNT }
end

local function read_lines(text)
  local keys = {}
  for line in text:gmatch("[^\r\n]+") do
    local key, message = M.one(line)
    if not key then return nil, message end
    keys[#keys + 1] = key
  end
  if #keys == 0 then return nil, "access key: expected ID:SECRET, found nothing" end
  return keys
end

local function is_actions(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  for i = 1, count do
    if type(value[i]) ~= "string" or not value[i]:find("^[%w*]+$") then return false end
  end
  return true
end

local function is_text(value) return type(value) == "string" and value:find("^[\33-\126]+$") ~= nil end

-- field → whether a value is one, and what is expected
local FIELDS = {
  id = { is_text }, secret = { is_text },
  account = { is_text, "printable ASCII without spaces" },
  inactive = { function(value) return type(value) == "boolean" end, "true or false" },
  token = { is_text, "printable ASCII without spaces" },
  expires = { function(value) return type(value) == "string" and times.read(value) ~= nil end,
    "a date like 2026-01-02T03:04:05Z" },
  allow = { is_actions, "a list of actions, * for any letters" },
  deny = { is_actions, "a list of actions, * for any letters" },
}

local function read_object(found)
  if type(found) ~= "table" then return nil, "access key: expected an object, found a " .. type(found) end
  local message = check(found.id, found.secret)
  if message then return nil, message end
  for name, value in pairs(found) do
    local field = FIELDS[name]
    if not field then
      return nil, ("access key %s: unknown field %s"):format(found.id, core.printable(tostring(name), 40))
    end
    if not field[1](value) then return nil, ("access key %s: %s: expected %s"):format(found.id, name, field[2]) end
  end
  if found.expires and not found.token then
    return nil, ("access key %s: expires: expected a token beside it"):format(found.id)
  end
  return {
    id = found.id, secret = found.secret, account = found.account or ACCOUNT, inactive = found.inactive,
    token = found.token, expires_at = found.expires and times.read(found.expires), allow = found.allow,
    deny = found.deny,
  }
end

local function read_json(text)
  local ok, found = pcall(json.decode, text)
  if not ok or #found == 0 then return nil, "access key: expected a JSON array of keys" end
  local keys, known = {}, {}
  for i, one in ipairs(found) do
    local key, message = read_object(one)
    if not key then return nil, message end
    if known[key.id] then return nil, ("access key %s: found twice"):format(key.id) end
    known[key.id], keys[i] = true, key
  end
  return keys
end

--- several(text) → array of keys; or nil, message. text: ID:SECRET, one a line, empty lines passed over; or a JSON
-- array of {id, secret, account, inactive, token, expires, allow, deny}, all but id and secret optional.
-- A key: {id=, secret=, account= (keys of one account share its quota), inactive= true|nil, token= of a temporary key,
-- expires_at= seconds since 1970, allow=, deny= arrays of patterns of actions}.
function M.several(text)
  if text:find("^%s*%[") then return read_json(text) end
  return read_lines(text)
end

return M
