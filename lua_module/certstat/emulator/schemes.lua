--- The two ways to sign a request: where each has its key, action, token and nonce, and what it is told where its
-- signature is not the right one.
-- https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
-- https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
local core = require "certstat.core"

local M = {}

-- The server's canonical request holds what the client sent; each of its lines is made printable.
local function printable_lines(text)
  return (text:gsub("[^\n]+", function(line) return core.printable(line) end))
end

--- A scheme: `format` of replies where none is asked for; read(call), which puts action, version, access_key_id, token
-- and nonce into the call, nil for what is not there; is_complete(call), whether all is signed that must be;
-- mismatch(info), the message for a signature that is not ours.
local V3 = { format = "json" }

function V3.read(call)
  local headers = call.headers
  call.action, call.version = headers["x-acs-action"], headers["x-acs-version"]
  call.token, call.nonce = headers["x-acs-security-token"], headers["x-acs-signature-nonce"]
  call.access_key_id = headers.authorization:match("^ACS3%-HMAC%-SHA256 Credential=([^,]+),")
end

-- Every x-acs- field counts, so every one that is sent is signed.
function V3.is_complete(call)
  local signed = ";" .. (call.headers.authorization:match(",SignedHeaders=([^,]*),") or "") .. ";"
  for name in pairs(call.headers) do
    if name:find("^x%-acs%-") and not signed:find(";" .. name .. ";", 1, true) then return false end
  end
  return true
end

function V3.mismatch(info)
  return ("Specified signature does not match our calculation. server StringToSign is [%s] "
    .. "server CanonicalRequest is [%s]"):format(info.string_to_sign, printable_lines(info.canonical_request))
end

local V1 = { format = "xml" }

function V1.read(call)
  local parameters = call.parameters
  call.action, call.version = parameters.Action, parameters.Version
  call.token, call.nonce = parameters.SecurityToken, parameters.SignatureNonce
  call.access_key_id = parameters.AccessKeyId
end

-- It signs parameters alone: header fields mean nothing, x-acs-action among them, which its client sends too.
function V1.is_complete() return true end

-- The legacy SDKs look for these very words, and compare what follows them with their own.
function V1.mismatch(info)
  return "Specified signature is not matched with our calculation. server string to sign is:" .. info.string_to_sign
end

--- of(call) → the scheme that a call is signed with, or nil where it is not. call: {headers=, parameters=}.
function M.of(call)
  if call.headers.authorization then return V3 end
  if call.parameters.Signature then return V1 end
  return nil
end

--- default_format(call) → "json" or "xml", for a reply to a call that asks for none.
function M.default_format(call)
  local scheme = M.of(call) or (call.parameters.Action and V1 or V3)
  return scheme.format
end

return M
