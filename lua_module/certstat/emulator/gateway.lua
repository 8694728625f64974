--- The service's door: who may ask, in the order in which the real gateway is thought to look (protocol:
-- host, action and version; access key; token; time; nonce; signature; quota; parameters). Pure: the
-- request, the time of its arrival and everything remembered are given.
local accounts = require "certstat.emulator.accounts"
local core = require "certstat.core"
local errors = require "certstat.emulator.errors"
local operations = require "certstat.emulator.operations"
local schemes = require "certstat.emulator.schemes"
local serial_forms = require "certstat.emulator.serial_forms"
local throttle = require "certstat.emulator.quota.throttle"

local M = {}
local Gateway = {}
Gateway.__index = Gateway
Gateway.__name = "certstat.emulator.gateway"

local VERSION = "2020-06-30"
local MOST_HEADERS = 64 -- what certstat.core verifies at most

--- new{accounts=, nonces=, quota=, registry=, switches=, max_serials=} → gateway.
-- accounts, nonces, quota, registry, switches: see their files; max_serials: the most that one call may ask, nil for
-- any number.
function M.new(options)
  return setmetatable({
    accounts = options.accounts, nonces = options.nonces, quota = options.quota,
    context = { registry = options.registry, switches = options.switches, max_serials = options.max_serials },
  }, Gateway)
end

-- The fields that decide something. Each comes once, or not at all.
local DECIDING = {
  "authorization", "content-type", "host", "x-acs-action", "x-acs-content-sha256", "x-acs-date",
  "x-acs-security-token", "x-acs-signature-nonce", "x-acs-version",
}

local function add_parameters(parameters, raw)
  local pairs_found, message = core.parse_query(raw)
  if not pairs_found then return nil, message end
  for _, pair in ipairs(pairs_found) do
    if parameters[pair[1]] == nil then parameters[pair[1]] = pair[2] end
  end
  return true
end

-- ---- the checks: each returns nil, or an error code, a message or nil for the usual one, and what else the reply has,
-- or nil: {status=, headers=, detail= the AccessDeniedDetail of NoPermission} ----

-- As certstat.core sees a form.
local function is_form(content_type)
  return (content_type:lower() .. ";"):find("^application/x%-www%-form%-urlencoded[; ]") ~= nil
end

-- Query and form count alike: a client of the first SDK generation sends each parameter in both.
local function check_parameters(_, call)
  for _, name in ipairs(DECIDING) do
    if type(call.headers[name]) == "table" then
      return "InvalidRequest", ("The header field %s comes more than once."):format(name)
    end
  end
  local ok, message = add_parameters(call.parameters, call.target:match("%?(.*)$") or "")
  if ok and is_form(call.headers["content-type"] or "") then
    ok, message = add_parameters(call.parameters, call.body)
  end
  if not ok then return "InvalidParameter", message end
  call.format = schemes.default_format(call)
  local format = (call.parameters.Format or call.format):lower()
  if format ~= "json" and format ~= "xml" then return "InvalidParameter", "Specified parameter Format is not valid." end
  call.format = format
  return nil
end

local function check_request(self, call)
  if call.target:match("^[^?]*") ~= "/" then return "InvalidApi.NotFound" end
  local is_get = call.method == "GET" and self.context.switches.get == "allowed"
  if not is_get and call.method ~= "POST" then return "UnsupportedHTTPMethod" end
  if call.headers_count > MOST_HEADERS then
    return "InvalidRequest", ("At most %d header fields are read."):format(MOST_HEADERS)
  end
  local list = call.parameters.SerialNumber or call.parameters.Identifier
  if list and list ~= "" then call.serials = select(2, list:gsub(",", "")) + 1 end
  return nil
end

local function check_host(_, call)
  local name = (call.headers.host or ""):lower():gsub(":%d+$", "")
  local known = name == "localhost" or name == "[::1]" or name:find("^127%.[%d.]+$")
  if not known and not name:find("^cas[%w.-]*%.aliyuncs%.com$") then return "InvalidProduct.NotFound" end
  return nil
end

local function check_action(_, call)
  call.scheme = schemes.of(call)
  if not call.scheme then return "MissingAccessKeyId" end
  call.scheme.read(call)
  if (call.action or "") == "" then return "MissingAction" end
  if (call.version or "") == "" then return "MissingVersion" end
  if call.version ~= VERSION then return "InvalidVersion" end
  call.operation = operations[call.action]
  if not call.operation then return "InvalidAction.NotFound" end
  return nil
end

local function check_key(self, call)
  if not call.access_key_id then return "IncompleteSignature" end
  call.key = self.accounts:find(call.access_key_id)
  if not call.key then return "InvalidAccessKeyId.NotFound" end
  if call.key.inactive then return "InvalidAccessKeyId.Inactive" end
  return nil
end

local function check_token(_, call)
  local token, key = call.token ~= "" and call.token or nil, call.key
  if key.token and not token then return "MissingSecurityToken" end
  if token ~= key.token then return "InvalidSecurityToken.MismatchWithAccessKey" end
  if key.expires_at and call.arrival_us >= key.expires_at * 1e6 then return "InvalidSecurityToken.Expired" end
  return nil
end

-- certstat.core judges time and signature; the nonce is judged between them.
local function check_signature(self, call)
  if not call.scheme.is_complete(call) then return "IncompleteSignature" end
  local ok, message, info = call.key.signer:verify {
    method = call.method, target = call.target, headers = call.headers, body = call.body,
    now = math.floor(call.arrival_us / 1e6),
  }
  local code = not ok and (info.code or "InvalidParameter")
  if code and code ~= "SignatureDoesNotMatch" then return code, info.code == nil and message or nil end
  if call.nonce == "" then return "IncompleteSignature" end
  if self.nonces:used(call.access_key_id, call.nonce) then return "SignatureNonceUsed" end
  if code then return code, info.string_to_sign and call.scheme.mismatch(info) or message end
  if not self.nonces:remember(call.access_key_id, call.nonce) then
    return "ServiceUnavailable", "There is no room to remember another nonce."
  end
  return nil
end

local function check_quota(self, call)
  local ok, retry_after_ms, rate = self.quota:take(call.key.account, call.action, call.arrival_us)
  if ok then return nil end
  local switches = self.context.switches
  return switches["throttle-code"], nil, {
    status = tonumber(switches["throttle-status"]),
    headers = throttle.headers(switches["throttle-headers"], retry_after_ms, rate),
  }
end

-- https://help.aliyun.com/zh/ram/developer-reference/api-ram-2015-05-01-decodediagnosticmessage
local function check_permission(_, call)
  local ok, denial = accounts.permits(call.key, call.action)
  if ok then return nil end
  return "NoPermission", nil, { detail = {
    AuthAction = "yundun-cert:" .. call.action, AuthPrincipalDisplayName = call.key.id,
    AuthPrincipalOwnerId = call.key.account, AuthPrincipalType = call.key.token and "AssumedRoleUser" or "SubUser",
    NoPermissionType = denial, PolicyType = "AccountLevelIdentityBasedPolicy",
    EncodedDiagnosticMessage = call.request_id,
  } }
end

local CHECKS = {
  check_parameters, check_request, check_host, check_action, check_key, check_token, check_signature, check_quota,
  check_permission,
}

local function refuse(call, code, message, more)
  more = more or {}
  local host = call.headers.host
  host = core.printable(type(host) == "table" and host[1] or host or "")
  local status, shape, values = errors.reply(code, call.request_id, host, message, more.detail)
  call.status, call.code = more.status or status, code
  return {
    status = call.status, headers = more.headers or {}, format = call.format or "json", root = "Error", shape = shape,
    values = values,
  }
end

local function run(self, call, pause, wait)
  local ok
  ok, call.problem = self.context.registry:refresh(pause, wait)
  if not ok then return nil, "InternalError" end
  return call.operation.run(self.context, call.parameters, pause, math.floor(call.arrival_us / 1e6))
end

--- answer(call, pause, wait) → {status=, headers=, format=, root=, shape=, values=}, see certstat.emulator.encode.
-- call: {arrival_us=, request_id=, method=, target=, headers= (lower-case name to value or values),
-- headers_count=, body=}; gets what the log wants: action, access_key_id, serials, status, code (nil:
-- none); and `problem`, why an answer could not be given, which the client is not told.
-- pause, wait: see index.refresh.
function Gateway:answer(call, pause, wait)
  call.parameters = {}
  for _, check in ipairs(CHECKS) do
    local code, message, more = check(self, call)
    if code then return refuse(call, code, message, more) end
  end
  local values, code, message = run(self, call, pause, wait)
  if not values then return refuse(call, code, message) end
  serial_forms.write(values, self.context.switches, pause)
  values.RequestId = call.request_id
  call.status = 200
  return {
    status = 200, headers = {}, format = call.format, root = call.action .. "Response",
    shape = call.operation.shape, values = values,
  }
end

--- refuse(call, code) → the reply that an error outside the checks gets.
M.refuse = refuse

return M
