--- Signing one request, and verifying one: the Lua face of certstat.core's signer.
local core = require "certstat.core"
local ipc = require "certstat.ipc"

local M = {}

local V3, V1 = "ACS3-HMAC-SHA256", "HMAC-SHA1"

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

--- A nonce for one request: 32 hexadecimal digits of getrandom(2).
function M.nonce()
  return hex(assert(ipc.random(16)))
end

--- `2026-01-02T03:04:05Z` of seconds since 1970 (nil: now).
function M.date(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", seconds or math.floor(ipc.wall_ns() / 1e9))
end

local function string_field(request, name, default)
  local value = request[name]
  if value == nil then return default end
  if type(value) ~= "string" then
    error(("sign: field '%s': expected a string, found %s"):format(name, type(value)), 3)
  end
  return value
end

-- https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
local function sign_v1(signer, request)
  local parameters = {}
  for name, value in pairs(request.query or {}) do parameters[name] = value end
  local common = {
    Action = request.action, Version = request.version, AccessKeyId = request.access_key_id,
    SecurityToken = request.security_token, SignatureMethod = V1, SignatureVersion = "1.0",
    SignatureNonce = request.nonce or M.nonce(), Timestamp = request.date or M.date(),
  }
  for name, value in pairs(common) do parameters[name] = value end
  local signature, string_to_sign, info = signer:v1(request.method or "GET", parameters)
  if not signature then return nil, string_to_sign, info end
  parameters.Signature = signature
  local query, message
  query, message, info = core.canonical_query(parameters)
  if not query then return nil, message, info end
  return {
    signature = signature, string_to_sign = string_to_sign, query = parameters,
    target = (request.path or "/") .. "?" .. query,
  }
end

--- Signs a request; see the contract in README ("certstat.sign").
-- date (`2026-01-02T03:04:05Z`) and nonce are made where they are nil. Values in `query` are strings, unescaped.
-- Returns what to send; or nil, message, info. The secret stays in neither the result nor an error.
function M.sign(request)
  if type(request) ~= "table" then error("sign: expected a table, found " .. type(request), 2) end
  local secret = string_field(request, "access_key_secret")
  local id = string_field(request, "access_key_id")
  if not secret or not id then error("sign: expected access_key_id and access_key_secret", 2) end
  local algorithm = string_field(request, "algorithm", V3)
  if algorithm ~= V3 and algorithm ~= V1 then
    error(("sign: expected algorithm %s or %s, found %s"):format(V3, V1, core.printable(algorithm, 40)), 2)
  end
  local signer, message, info = core.signer(secret)
  if not signer then return nil, message, info end
  local result
  if algorithm == V1 then
    result, message, info = sign_v1(signer, request)
  else
    local call = {}
    for name, value in pairs(request) do call[name] = value end
    call.method = call.method or "POST"
    call.date = call.date or M.date()
    call.nonce = call.nonce or M.nonce()
    result, message, info = signer:v3(call)
  end
  signer:close()
  return result, message, info
end

--- Verifies a request as a server received it, in either scheme: true; or false, message, info with info.code the
-- service's error code, and info.string_to_sign and info.canonical_request the server's view.
-- now: seconds since 1970; nil: the date is not checked.
function M.verify(request)
  if type(request) ~= "table" then error("verify: expected a table, found " .. type(request), 2) end
  local secret = string_field(request, "secret")
  if not secret then error("verify: expected secret", 2) end
  local signer, message, info = core.signer(secret)
  if not signer then return false, message, info end
  local ok
  ok, message, info = signer:verify(request)
  signer:close()
  return ok, message, info
end

return M
