--- Who may ask: the access keys and the accounts that they belong to. Keys of the settings stay as long as the
-- emulator; temporary ones, such as STS issues, come and go, in memory that all of nginx's workers share.
local core = require "certstat.core"
local json = require("cjson").new()

local M = {}
local Accounts = {}
Accounts.__index = Accounts
Accounts.__name = "certstat.emulator.accounts"

local KEEP_EXPIRED_S = 3600 -- so long a temporary key is still known, and said to have expired

local function ready(key)
  local signer, message = core.signer(key.secret)
  if not signer then return nil, message end
  return {
    id = key.id, signer = signer, account = key.account, inactive = key.inactive, token = key.token,
    expires_at = key.expires_at, allow = key.allow, deny = key.deny,
  }
end

--- new(keys, memory) → accounts; or nil, message.
-- keys: as certstat.emulator.keys returns them; memory: what an nginx shared dictionary offers: get(name),
-- safe_set(name, value, seconds) → true or nil, message.
function M.new(keys, memory)
  local lasting = {}
  for _, key in ipairs(keys) do
    local known, message = ready(key)
    if not known then return nil, message end
    lasting[key.id] = known
  end
  return setmetatable({ lasting = lasting, memory = memory }, Accounts)
end

--- find(id) → {id=, signer=, account=, inactive=, token=, expires_at=, allow=, deny=}, fields as in
-- certstat.emulator.keys; or nil.
function Accounts:find(id)
  local known = self.lasting[id]
  if known then return known end
  local text = self.memory:get(id)
  return text and ready(json.decode(text)) or nil
end

--- register(key, now_s) → true; or nil, message where there is no room for another.
-- key: {access_key_id=, access_key_secret=, security_token=, expires_at= (seconds since 1970), account=, allow=,
-- deny=}; allow, deny: nil, or as in certstat.emulator.keys. It is known to every worker from now on, until an hour
-- after it has expired.
function Accounts:register(key, now_s)
  local text = json.encode {
    id = key.access_key_id, secret = key.access_key_secret, token = key.security_token, expires_at = key.expires_at,
    account = key.account, allow = key.allow, deny = key.deny,
  }
  return self.memory:safe_set(key.access_key_id, text, math.max(1, key.expires_at - now_s) + KEEP_EXPIRED_S)
end

local function is_named(patterns, action)
  for _, pattern in ipairs(patterns or {}) do
    if action:find("^" .. pattern:gsub("%*", ".*") .. "$") then return true end
  end
  return false
end

--- permits(key, action) → true; or false, "ExplicitDeny" | "ImplicitDeny". Who has no list of what is allowed may do
-- everything that is not denied.
function M.permits(key, action)
  if is_named(key.deny, action) then return false, "ExplicitDeny" end
  if key.allow and not is_named(key.allow, action) then return false, "ImplicitDeny" end
  return true
end

return M
