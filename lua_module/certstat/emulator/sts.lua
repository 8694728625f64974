--- STS, as far as credentials go: AssumeRole and AssumeRoleWithOIDC, version 2015-04-01.
-- https://www.alibabacloud.com/help/en/ram/api-assumerole
-- https://www.alibabacloud.com/help/en/ram/api-assumerolewithoidc
local accounts = require "certstat.emulator.accounts"
local base64 = require "certstat.emulator.base64"
local core = require "certstat.core"
local errors = require "certstat.emulator.errors"
local json = require("cjson").new()
local sessions = require "certstat.emulator.sessions"

local M = {}
local Sts = {}
Sts.__index = Sts
Sts.__name = "certstat.emulator.sts"

local VERSION = "2015-04-01"
local MISMATCH = "Specified signature is not matched with our calculation. server string to sign is:"
local LEAST_S, MOST_S, USUAL_S = 900, 43200, 3600

--- new{accounts=, account=, nonces=, seconds=} → sts. accounts, nonces: see their files; account: the one of roles that
-- are had with a token of OpenID Connect; seconds: how long keys are good, nil: as long as was asked.
function M.new(options) return setmetatable(options, Sts) end

-- Query and form, merged.
local function parameters_of(call)
  local parameters = {}
  for _, raw in ipairs { call.target:match("%?(.*)$") or "", call.method == "POST" and call.body or "" } do
    for _, pair in ipairs(core.parse_query(raw) or {}) do
      if parameters[pair[1]] == nil then parameters[pair[1]] = pair[2] end
    end
  end
  return parameters
end

--- Whether a call is one for STS: its parameters name that version.
function M.is_for(call)
  if not (call.target .. call.body):find("Version=" .. VERSION, 1, true) then return false end
  return parameters_of(call).Version == VERSION
end

local function refuse(call, code, message)
  local status, _, values = errors.reply(code, call.request_id, call.headers.host or "", message)
  call.status, call.code = status, code
  return { status = status, headers = {}, body = json.encode(values) }
end

-- Who asks: a key; or nil, code, message.
local function authenticate(self, call, parameters)
  local id, nonce = parameters.AccessKeyId or "", parameters.SignatureNonce or ""
  call.access_key_id = id
  if id == "" then return nil, "MissingAccessKeyId" end
  local key = self.accounts:find(id)
  if not key then return nil, "InvalidAccessKeyId.NotFound" end
  if key.inactive then return nil, "InvalidAccessKeyId.Inactive" end
  if key.token and not parameters.SecurityToken then return nil, "MissingSecurityToken" end
  if parameters.SecurityToken ~= key.token then return nil, "InvalidSecurityToken.MismatchWithAccessKey" end
  if key.expires_at and call.arrival_us >= key.expires_at * 1e6 then return nil, "InvalidSecurityToken.Expired" end
  local ok, message, info = key.signer:verify {
    method = call.method, target = call.target, headers = call.headers, body = call.body,
    now = math.floor(call.arrival_us / 1e6),
  }
  if not ok and info.string_to_sign then message = MISMATCH .. info.string_to_sign end
  if not ok then return nil, info.code or "InvalidParameter", message end
  if nonce == "" then return nil, "IncompleteSignature" end
  if self.nonces:used(id, nonce) then return nil, "SignatureNonceUsed" end
  if not self.nonces:remember(id, nonce) then return nil, "ServiceUnavailable" end
  if not accounts.permits(key, call.action) then return nil, "NoPermission" end
  return key
end

-- The body of a JSON Web Token (RFC 7519), which is not verified: its `exp` alone is looked at.
local function is_expired(token, now_s)
  local payload = token:match("^[%w_-]+%.([%w_-]+)%.[%w_-]*$")
  local text = payload and base64.decode((payload:gsub("-", "+"):gsub("_", "/")) .. ("="):rep(-#payload % 4))
  local ok, claims = pcall(json.decode, text or "")
  return not ok or type(claims) ~= "table" or (tonumber(claims.exp) or math.huge) <= now_s
end

-- Who asks with a token of OpenID Connect: {account=}; or nil, code, message.
local function identify(self, call, parameters)
  if not (parameters.OIDCProviderArn or ""):find("^acs:ram::%d+:oidc%-provider/.") then
    return nil, "InvalidParameter", "OIDCProviderArn is not valid."
  end
  local token = parameters.OIDCToken or ""
  if #token < 4 or #token > 20000 then return nil, "InvalidParameter", "OIDCToken is not valid." end
  if is_expired(token, call.arrival_us / 1e6) then
    return nil, "InvalidParameter", "This JWT token is not valid, or it has expired."
  end
  return { account = self.account }
end

local WAYS = { AssumeRole = authenticate, AssumeRoleWithOIDC = identify }

-- What is asked for: the role's name and the seconds; or nil, code, message.
local function read_role(parameters)
  local role = (parameters.RoleArn or ""):match("^acs:ram::%d+:role/([%w._-]+)$")
  if not role then return nil, "InvalidParameter", "RoleArn is not valid." end
  local session = parameters.RoleSessionName or ""
  if #session < 2 or #session > 64 or not session:find("^[%w.@_-]+$") then
    return nil, "InvalidParameter", "RoleSessionName is not valid."
  end
  local seconds = tonumber(parameters.DurationSeconds or USUAL_S)
  if not seconds or seconds < LEAST_S or seconds > MOST_S then
    return nil, "InvalidParameter", "DurationSeconds is not valid."
  end
  return role, seconds
end

--- answer(call, wait) → {status=, headers=, body=}. call: as for certstat.emulator.gateway; wait(seconds).
function Sts:answer(call, wait)
  local parameters = parameters_of(call)
  call.action = parameters.Action
  local way = WAYS[call.action]
  if not way then return refuse(call, "InvalidAction.NotFound") end
  local key, code, message = way(self, call, parameters)
  if not key then return refuse(call, code, message) end
  local role, seconds
  role, seconds, message = read_role(parameters)
  if not role then return refuse(call, seconds, message) end
  local mishap, instead = sessions.mishap(role, wait)
  if mishap then return mishap end
  local now_s = math.floor(call.arrival_us / 1e6)
  local keys = sessions.issue(self.accounts, key.account, instead or self.seconds or seconds, now_s)
  if not keys then return refuse(call, "ServiceUnavailable") end
  return sessions.reply({}, {
    RequestId = call.request_id, Credentials = keys,
    AssumedRoleUser = {
      Arn = parameters.RoleArn:gsub(":role/", ":assumed-role/") .. "/" .. parameters.RoleSessionName,
      AssumedRoleId = "300000000000000000:" .. parameters.RoleSessionName,
    },
  })
end

return M
