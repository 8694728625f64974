--- Credentials: an access key's id and secret, and perhaps a token, from where the official tools find theirs.
local cli_profile = require "certstat.credentials.cli_profile"
local environment = require "certstat.credentials.environment"
local file = require "certstat.credentials.file"
local ini_profile = require "certstat.credentials.ini_profile"

local M = {}

-- The official libraries' default chain, in its order. A provider is {name =, find = function(source)}; find → a table
-- of access_key_id, access_key_secret, security_token, region, endpoint, provider, warnings (the last five may be nil);
-- or nil, why it does not serve, and true where it is there and could not be used.
-- source = {getenv = function that gives nil for an empty variable, home =, read = as file.read, profile = | nil}
local CHAIN = { environment, cli_profile, ini_profile }

-- All of them travel in header fields or key a signature; a line end that a file or a shell left behind would make the
-- service say that the signature is wrong.
local FIELDS = { "access_key_id", "access_key_secret", "security_token" }

local function check(fields)
  for _, name in ipairs(FIELDS) do
    local value = fields[name]
    if value == "" and name ~= "security_token" then return nil, name .. ": expected a text, found an empty one" end
    if value and value:find("[^\33-\126]") then
      return nil, name .. ": expected visible ASCII characters, found another byte (a space or a line end?)"
    end
  end
  return true
end

-- An empty table through which the fields can be read by name, but not listed: nothing that walks tables (a logger, a
-- JSON encoder) meets the secret.
local function seal(fields)
  return setmetatable({}, {
    __name = "certstat.credentials",
    __metatable = false,
    __index = fields,
    __newindex = function() error("credentials can't be changed", 2) end,
    __tostring = function()
      return ("certstat.credentials: %s... from %s"):format(fields.access_key_id:sub(1, 4), fields.provider)
    end,
  })
end

--- new(fields) → credentials; or nil, message, info.
-- fields: access_key_id, access_key_secret, and where there are security_token, region, endpoint, provider (a word for
-- where they come from), warnings (a list of lines). The result has the same fields, can't be changed, and shows no
-- secret in tostring.
function M.new(fields)
  for _, name in ipairs(FIELDS) do
    local value = fields[name]
    if value == nil and name ~= "security_token" or value ~= nil and type(value) ~= "string" then
      error(("credentials: field '%s': expected a string, found %s"):format(name, type(value)), 2)
    end
  end
  local ok, message = check(fields)
  if not ok then return nil, message, { class = "argument" } end
  return seal({
    access_key_id = fields.access_key_id, access_key_secret = fields.access_key_secret,
    security_token = fields.security_token ~= "" and fields.security_token or nil,
    region = fields.region, endpoint = fields.endpoint, provider = fields.provider or "program",
    warnings = fields.warnings or {},
  })
end

local function ask(provider, source)
  local found, reason, present = provider.find(source)
  if not found then return nil, reason, present end
  local credentials, message = M.new(found)
  if not credentials then return nil, message, true end
  return credentials
end

--- find(options) → credentials; or nil, message, info: class "denied", code "NoCredentials", tried = a list of
-- {provider, why it does not serve}.
-- options, all optional: credentials (a table for new: nothing is searched), profile (its name; the environment's key
-- does not serve then, the files' profiles of that name do), getenv, home, read (as file.read).
-- A provider that is there but can't be used is passed over, as by the official libraries; the result's warnings tell.
function M.find(options)
  options = options or {}
  if options.credentials then return M.new(options.credentials) end
  if options.profile == "" then
    return nil, "expected the name of a profile, found an empty one", { class = "argument" }
  end
  local getenv = options.getenv or os.getenv
  local source = {
    getenv = function(name)
      local value = getenv(name)
      return value ~= "" and value or nil
    end,
    read = options.read or file.read, profile = options.profile,
  }
  source.home = options.home or source.getenv("HOME")
  local tried, passed_over = {}, {}
  for _, provider in ipairs(CHAIN) do
    local found, reason, present = ask(provider, source)
    if found then
      for _, line in ipairs(passed_over) do table.insert(found.warnings, line) end
      return found
    end
    tried[#tried + 1] = { provider.name, reason }
    if present then passed_over[#passed_over + 1] = ("%s is passed over: %s"):format(provider.name, reason) end
  end
  local lines = {}
  for i, one in ipairs(tried) do lines[i] = ("%s (%s)"):format(one[1], one[2]) end
  return nil, "no credentials: tried " .. table.concat(lines, ", "),
    { class = "denied", code = "NoCredentials", tried = tried }
end

return M
