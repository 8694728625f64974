--- What the service says where it calculates another signature: the text that it signed, as its message has it.
--
-- With ACS3-HMAC-SHA256 it is `… server StringToSign is [ACS3-HMAC-SHA256\n<hash>] server CanonicalRequest is […]`, the
-- second part not always; with HMAC-SHA1 `… server string to sign is:GET&%2F&…`
-- (alibaba-cloud-sdk-go `sdk/errors/signature_does_not_match_wrapper.go`).
local cjson = require("cjson").new()

local M = {}

local HASH = ("%x"):rep(64)
local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'" }

-- The Message of a whole reply in JSON or XML; else nil.
local function of_reply(text)
  local ok, body = pcall(cjson.decode, text)
  if ok and type(body) == "table" then
    local message = body.Message or body.message
    return type(message) == "string" and message or nil
  end
  local message = text:match("<Message>(.-)</Message>")
  return message and (message:gsub("&(%l+);", ENTITIES))
end

-- What logs make of a line end and of signs: JSON's escapes, and the hexadecimal ones of certstat's own messages. A
-- canonical request itself has no backslash but in a header field.
local function without_escapes(text)
  text = text:gsub("\\n", "\n"):gsub("\\x0A", "\n")
  return (text:gsub("\\u00(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- read(text) → {algorithm =, string_to_sign =, canonical_request = | nil}; or nil and why not. text: the message, or
-- the whole reply, as it came or as a log shows it.
function M.read(text)
  text = (of_reply(text) or without_escapes(text)):gsub("\r\n", "\n")
  local first = text:match("string to sign is:%s*(%u*&[^%s\"]*)")
  if first and not first:find("%.%.%.$") then return { algorithm = "HMAC-SHA1", string_to_sign = first } end
  local signed = text:match("StringToSign is %[(ACS3%-HMAC%-SHA256\n" .. HASH .. ")%]")
  if signed then
    return {
      algorithm = "ACS3-HMAC-SHA256", string_to_sign = signed,
      canonical_request = text:match("CanonicalRequest is %[(.-\n" .. HASH .. ")%]"),
    }
  end
  return nil, "expected a whole message of SignatureDoesNotMatch, with the server's string to sign, found none"
end

return M
