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
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds or ipc.wall_ns() / 1e9))
end

local REQUEST = {
  method = "string", host = "string", path = "string", query = "table", headers = "table", body = "string",
  action = "string", version = "string", algorithm = "string", access_key_id = "string", access_key_secret = "string",
  security_token = "string", date = "string", nonce = "string",
}
local RECEIVED = {
  method = "string", target = "string", headers = "table", body = "string", secret = "string", now = "number",
}

-- Raises in the name of the caller's caller.
local function check(what, request, types)
  if type(request) ~= "table" then error(("%s: expected a table, found %s"):format(what, type(request)), 3) end
  for name, expected in pairs(types) do
    local found = type(request[name])
    if found ~= expected and found ~= "nil" then
      error(("%s: field '%s': expected a %s, found %s"):format(what, name, expected, found), 3)
    end
  end
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
    signature = signature, string_to_sign = string_to_sign, query = parameters, target = "/?" .. query,
  }
end

-- https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
local function sign_v3(signer, request)
  return signer:v3 {
    method = request.method or "POST", host = request.host, path = request.path, query = request.query,
    headers = request.headers, body = request.body, action = request.action, version = request.version,
    access_key_id = request.access_key_id, security_token = request.security_token,
    date = request.date or M.date(), nonce = request.nonce or M.nonce(),
  }
end

--- Signs a request; see the contract in README ("certstat.sign").
-- date (`2026-01-02T03:04:05Z`) and nonce are made where they are nil. Values in `query` are strings, unescaped.
-- Returns what to send; or nil, message, info. The secret stays in neither the result nor an error.
function M.sign(request)
  check("sign", request, REQUEST)
  if not request.access_key_id or not request.access_key_secret then
    error("sign: expected access_key_id and access_key_secret", 2)
  end
  local algorithm = request.algorithm or V3
  if algorithm ~= V3 and algorithm ~= V1 then
    error(("sign: expected algorithm %s or %s, found %s"):format(V3, V1, core.printable(algorithm, 40)), 2)
  end
  if algorithm == V1 and (request.path or "/") ~= "/" then
    error(("sign: %s signs the path / alone, found %s"):format(V1, core.printable(request.path, 40)), 2)
  end
  local signer, message, info = core.signer(request.access_key_secret)
  if not signer then return nil, message, info end
  local result
  result, message, info = (algorithm == V1 and sign_v1 or sign_v3)(signer, request)
  signer:close()
  return result, message, info
end

--- Verifies a request as a server received it, in either scheme: true; or false, message, info with info.code the
-- service's error code, and info.string_to_sign and info.canonical_request the server's view.
-- now: seconds since 1970; nil: the date is not checked.
function M.verify(request)
  check("verify", request, RECEIVED)
  if not request.secret then error("verify: expected secret", 2) end
  local signer, message, info = core.signer(request.secret)
  if not signer then return false, message, info end
  local ok
  ok, message, info = signer:verify(request)
  signer:close()
  return ok, message, info
end

return M
