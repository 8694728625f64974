--- Why the service calculates another signature: the text that it signed, as its message shows it, against the one that
-- certstat signs for the same request.
local canonical = require "certstat.mismatch.canonical"
local core = require "certstat.core"
local difference = require "certstat.mismatch.difference"
local message_of = require "certstat.mismatch.message"
local operations = require "certstat.operations"
local sign = require "certstat.sign"

local M = {}

local function refuse(message) return nil, message, { class = "argument", code = "NoServerText" } end

local function copy(from)
  local to = {}
  for name, value in pairs(from) do to[name] = value end
  return to
end

-- ---- ACS3-HMAC-SHA256 ----

-- The fields of the server's request, by name, but for what is said of ours.
local function fields_of(server, request)
  local fields = {}
  for _, line in ipairs(server.fields) do
    local name, value = line:match("^([^:]*):(.*)$")
    if name then fields[name] = value end
  end
  local known = {
    host = request.host, ["x-acs-action"] = request.action, ["x-acs-version"] = request.version,
    ["x-acs-date"] = request.date, ["x-acs-signature-nonce"] = request.nonce,
  }
  for name, value in pairs(known) do fields[name] = value end
  -- certstat's own messages have asterisks for the token
  if fields["x-acs-security-token"] ~= "***" then fields["x-acs-security-token"] = request.security_token end
  if fields["x-acs-accesskey-id"] then fields["x-acs-accesskey-id"] = request.access_key_id end
  return fields
end

-- What is signed: what the server says, as far as there is a field for it, and a token in any case.
local function signed_names(server, fields)
  local names = { fields["x-acs-security-token"] and "x-acs-security-token" }
  for name in server.signed:lower():gmatch("[^;]+") do
    if fields[name] and name ~= "x-acs-security-token" then names[#names + 1] = name end
  end
  table.sort(names)
  return table.concat(names, ";")
end

-- The canonical request that certstat makes of the server's request with our changes; or nil and why there is none.
local function rebuild_v3(server, request)
  local fields = fields_of(server, request)
  local query, why = request.query, nil
  if not query then query, why = canonical.parameters(server.query) end
  if query then query, why = core.canonical_query(query) end
  if not query then return nil, why end
  local hash = fields["x-acs-content-sha256"]
  fields.authorization = ("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s"):format(
    request.access_key_id, signed_names(server, fields), ("0"):rep(64))
  local _, refusal, info = sign.verify {
    method = request.method or server.method, target = "/" .. (query ~= "" and "?" .. query or ""), headers = fields,
    body = "", secret = request.access_key_secret,
  }
  local ours = info.canonical_request and canonical.read_v3(info.canonical_request)
  if not ours then return nil, refusal end
  ours.hash = hash -- of a body that is not known
  return ours
end

local function explain_v3(view, request)
  local server = view.canonical_request and canonical.read_v3(view.canonical_request)
  if server then
    local ours, why = rebuild_v3(server, request)
    if not ours then return { server = server.signed, ours = "(nothing)", reason = why } end
    return difference.of_v3(server, ours)
  end
  if not (request.action and request.date and request.nonce) then
    return refuse("the message has no canonical request: to compare, the request's action, date and nonce are needed")
  end
  request.version = request.version or operations.VERSION
  local signed, why, info = sign.sign(request)
  if not signed then return nil, why, info end
  if signed.string_to_sign == view.string_to_sign then return nil end
  return {
    server = view.string_to_sign:match("%x+$"), ours = signed.string_to_sign:match("%x+$"),
    reason = "the canonical request has another SHA-256; where it differs, this message does not say",
  }
end

-- ---- HMAC-SHA1 ----

-- What sign.sign puts in itself.
local COMMON = {
  Action = "action", Version = "version", AccessKeyId = "access_key_id", SecurityToken = "security_token",
  SignatureNonce = "nonce", Timestamp = "date", SignatureMethod = false, SignatureVersion = false,
}

local function explain_v1(view, request)
  local server = canonical.read_v1(view.string_to_sign)
  if not server then return refuse("expected METHOD&PATH&PARAMETERS as the server's text, found something else") end
  local theirs, why = canonical.parameters(server.query)
  if not theirs then return refuse(why) end
  local ours = copy(request)
  ours.method = request.method or server.method
  ours.query = copy(request.query or theirs)
  for name, field in pairs(COMMON) do
    ours.query[name] = nil
    if field and not ours[field] and field ~= "security_token" then ours[field] = theirs[name] end
  end
  local signed, message, info = sign.sign(ours)
  if not signed then return nil, message, info end
  return difference.of_v1(server, canonical.read_v1(signed.string_to_sign))
end

--- explain(text, request) → {algorithm =, same = boolean, where =, server =, ours =, reason =}; or nil, message, info.
-- text: the message, or the reply that has it, see certstat.mismatch.message. request: as certstat.sign takes it, with
-- key and token; what it does not say of method, query, action, version, date and nonce is taken from the server's
-- text, and so is the same. where: the number of the line; server, ours: what stands there, without secrets.
function M.explain(text, request)
  local view, why = message_of.read(text)
  if not view then return refuse(why) end
  request = copy(request)
  request.algorithm = view.algorithm
  local found, message, info = (view.algorithm == "HMAC-SHA1" and explain_v1 or explain_v3)(view, request)
  if message then return nil, message, info end
  found = found or {
    reason = "both sign the same text: the request was signed with another secret than the key has, or over another "
      .. "text than it brought",
  }
  found.algorithm, found.same = view.algorithm, found.server == nil
  return found
end

return M
