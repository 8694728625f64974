--- Credentials: an access key's id and secret, and perhaps a token, from where the official tools find theirs.
local cli_profile = require "certstat.credentials.cli_profile"
local credentials_uri = require "certstat.credentials.credentials_uri"
local ecs_metadata = require "certstat.credentials.ecs_metadata"
local environment = require "certstat.credentials.environment"
local fetch = require "certstat.credentials.fetch"
local file = require "certstat.credentials.file"
local host = require "certstat.host"
local ini_profile = require "certstat.credentials.ini_profile"
local ipc = require "certstat.ipc"
local oidc = require "certstat.credentials.oidc"
local session = require "certstat.credentials.session"
local steps = require "certstat.credentials.steps"

local M = {}

-- The official libraries' default chain, in its order. A provider is {name =, has_profiles =, find = function(source)};
-- find → an outcome, see certstat.credentials.steps. has_profiles: it is asked where a profile is named.
-- source = {getenv = function that gives nil for an empty variable, home =, read = as file.read, is_file =,
-- profile = | nil, now_ns =, wall_s =, allow_http =}
local CHAIN = { environment, oidc, cli_profile, ini_profile, ecs_metadata, credentials_uri }

-- All of them travel in header fields or key a signature; a line end that a file or a shell left behind would make the
-- service say that the signature is wrong.
local FIELDS = { "access_key_id", "access_key_secret", "security_token" }
local LONGEST_SECRET = 1024 -- of certstat.core's signer

local function check(fields)
  for _, name in ipairs(FIELDS) do
    local value = fields[name]
    if value == "" and name ~= "security_token" then return nil, name .. ": expected a text, found an empty one" end
    if value and value:find("[^\33-\126]") then
      return nil, name .. ": expected visible ASCII characters, found another byte (a space or a line end?)"
    end
  end
  if #fields.access_key_secret > LONGEST_SECRET then
    return nil, ("access_key_secret: expected at most %d characters, found more"):format(LONGEST_SECRET)
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
-- fields: access_key_id, access_key_secret, and where there are security_token, expires_in (seconds from now), region,
-- endpoint, network, account (or these four in a table `facts`), provider (a word for where they come from), warnings
-- (a list of lines), tried (a list of {provider, why it does not serve, present = true where it is configured}). The
-- result has the same fields, can't be changed, and shows no secret in tostring.
function M.new(fields)
  for _, name in ipairs(FIELDS) do
    local value = fields[name]
    if value == nil and name ~= "security_token" or value ~= nil and type(value) ~= "string" then
      error(("credentials: field '%s': expected a string, found %s"):format(name, type(value)), 2)
    end
  end
  local ok, message = check(fields)
  if not ok then return nil, message, { class = "argument" } end
  local facts = fields.facts or fields
  return seal({
    access_key_id = fields.access_key_id, access_key_secret = fields.access_key_secret,
    security_token = fields.security_token ~= "" and fields.security_token or nil, expires_in = fields.expires_in,
    region = facts.region, endpoint = facts.endpoint, network = facts.network, account = facts.account,
    provider = fields.provider or "program",
    warnings = fields.warnings or {}, tried = fields.tried or {},
  })
end

local function no_credentials(tried)
  local lines = {}
  for i, one in ipairs(tried) do lines[i] = ("%s (%s)"):format(one[1], one[2]) end
  return nil, "no credentials: tried " .. table.concat(lines, ", "),
    { class = "denied", code = "NoCredentials", tried = tried }
end

-- The outcome of the chain from its n-th provider on. chain: {source =, serving = the number of the one that has served
-- last}; tried: what has come of the providers before.
local function search(chain, n, last, tried)
  local provider = CHAIN[n]
  local function finish(found, why, present)
    local credentials
    if found then
      credentials, why = M.new(found)
      present = true
    end
    if credentials then
      for _, one in ipairs(tried) do
        table.insert(credentials.tried, one)
        if one.present then table.insert(credentials.warnings, ("%s is passed over: %s"):format(one[1], one[2])) end
      end
      chain.serving = n
      return credentials
    end
    tried[#tried + 1] = { provider.name, why, present = present or nil }
    if n == last then return no_credentials(tried) end
    return search(chain, n + 1, last, tried)
  end
  if chain.source.profile and not provider.has_profiles then
    return finish(nil, "not asked where a profile is named")
  end
  return steps.after(finish, nil, provider.find(chain.source))
end

local function source_of(options)
  local getenv = options.getenv or os.getenv
  local source = {
    getenv = function(name)
      local value = getenv(name)
      return value ~= "" and value or nil
    end,
    read = options.read or file.read, is_file = options.is_file or file.is_file, profile = options.profile,
    now_ns = ipc.now_ns, wall_s = function() return math.floor(ipc.wall_ns() / 1e9) end,
    allow_http = options.allow_http,
  }
  source.home = options.home or source.getenv("HOME")
  return source
end

--- open(options) → a certstat.credentials.session, which waits for nothing; or nil, message, info: class "denied", code
-- "NoCredentials", tried = a list as of new.
-- options, all optional: credentials (a table for new: nothing is searched), profile (its name; the environment's key
-- does not serve then, the files' profiles of that name do), getenv, home, read (as file.read), is_file, ca_file and
-- allow_http (as of certstat.net, for the servers that give out keys).
-- A provider that is there but can't be used is passed over, as by the official libraries; the credentials' warnings
-- tell. The one that has served is asked alone for new ones, and the others again once its last ones have expired.
function M.open(options)
  if options.profile == "" then
    return nil, "expected the name of a profile, found an empty one", { class = "argument" }
  end
  local chain = { source = source_of(options) }
  local function ask(alone)
    if options.credentials then return M.new(options.credentials) end
    local only = alone and chain.serving
    return search(chain, only or 1, only or #CHAIN, {})
  end
  local opened = session.new {
    ask = ask, now_ns = ipc.now_ns, fetch = fetch.new { ca_file = options.ca_file, allow_http = options.allow_http },
  }
  if opened.failure then return nil, opened.failure.message, opened.failure.info end
  return opened
end

--- find(options) → credentials; or nil, message, info. As open, but it waits for them, as the host lets it.
function M.find(options)
  local opened, message, info = M.open(options or {})
  if not opened then return nil, message, info end
  local found
  found, message, info = opened:wait(host.detect())
  opened:close()
  return found, message, info
end

return M
