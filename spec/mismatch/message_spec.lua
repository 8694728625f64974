local message = require "certstat.mismatch.message"

local HASH = ("0123456789abcdef"):rep(4)
local SIGNED = "ACS3-HMAC-SHA256\n" .. HASH
local REQUEST = "POST\n/\n\nhost:h\n\nhost\n" .. HASH
local V3 = ("Specified signature does not match our calculation. server StringToSign is [%s] "
  .. "server CanonicalRequest is [%s]"):format(SIGNED, REQUEST)
local TEXT = "GET&%2F&A%3Db%2520c%26Format%3DXML"
local V1 = "Specified signature is not matched with our calculation. server string to sign is:" .. TEXT

local function json(text)
  return '{"RequestId":"1","Code":"SignatureDoesNotMatch","Message":"' .. text:gsub("\n", "\\n") .. '"}'
end

describe("the message of another signature", function()
  local v3 = { algorithm = "ACS3-HMAC-SHA256", string_to_sign = SIGNED, canonical_request = REQUEST }
  local v1 = { algorithm = "HMAC-SHA1", string_to_sign = TEXT }

  local readable = {
    { "of ACS3-HMAC-SHA256", V3, v3 },
    { "with line ends of another system", (V3:gsub("\n", "\r\n")), v3 },
    { "with more behind it", V3 .. ". Ask someone.", v3 },
    { "in a reply", json(V3), v3 },
    { "in a reply with small letters", (json(V3):gsub("Message", "message")), v3 },
    { "out of a log, as JSON has it", (V3:gsub("\n", "\\n")), v3 },
    { "as certstat's own messages have it", "the service answered: " .. V3:gsub("\n", "\\x0A"), v3 },
    { "of HMAC-SHA1", V1, v1 },
    { "of HMAC-SHA1 in XML", "<Error><Code>x</Code><Message>" .. V1:gsub("&", "&amp;") .. "</Message></Error>", v1 },
    { "of HMAC-SHA1 in JSON", json(V1), v1 },
    { "of HMAC-SHA1 out of a log", '"Message":"' .. V1:gsub("&", "\\u0026") .. '","Code"', v1 },
    { "without the canonical request", V3:match("^(.-)%] server Canon") .. "]",
      { algorithm = "ACS3-HMAC-SHA256", string_to_sign = SIGNED } },
    { "with a canonical request that is cut off", V3:sub(1, -20),
      { algorithm = "ACS3-HMAC-SHA256", string_to_sign = SIGNED } },
  }
  for _, case in ipairs(readable) do
    it("is read: " .. case[1], function() assert.same(case[3], message.read(case[2])) end)
  end

  local unreadable = {
    { "nothing", "" }, { "another message", "Specified access key is not found." }, { "a reply without one", "{}" },
    { "a reply whose message is none", '{"Message":7}' },
    { "one that ends within the hash", V3:sub(1, 130) }, { "one of HMAC-SHA1 that is cut off", V1 .. "..." },
  }
  for _, case in ipairs(unreadable) do
    it("is not found in " .. case[1], function()
      local found, why = message.read(case[2])
      assert.is_nil(found)
      assert.equal("expected a whole message of SignatureDoesNotMatch, with the server's string to sign, found none",
        why)
    end)
  end
end)
