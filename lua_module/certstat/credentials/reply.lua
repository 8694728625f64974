--- What services and programs answer that give out credentials: JSON objects with an end of their time.
local core = require "certstat.core"
local times = require "certstat.times"

local M = {}

--- A text that is there: nil for null, an empty string and every other type.
function M.text(value) return type(value) == "string" and value ~= "" and value or nil end

--- object(text) → a JSON object's table; or nil, "is no JSON: …".
function M.object(text)
  local ok, found = pcall(require("cjson").new().decode, text)
  if not ok then return nil, "is no JSON: " .. core.printable(tostring(found), 100) end
  if type(found) ~= "table" or found[1] ~= nil then return nil, "is no JSON object" end
  return found
end

--- lifetime(expiration, reply, wall_s) → the seconds that are left of credentials that came with a reply; or nil, why.
-- expiration: as the service writes it. It counts from the reply's own Date where it has one (RFC 9110 6.6.1): whether
-- this machine's clock, wall_s, is right does not matter then.
function M.lifetime(expiration, reply, wall_s)
  local expires = type(expiration) == "string" and times.read(expiration)
  if not expires then return nil, "has no Expiration that is a time" end
  -- both leave out the part of a second: it may be a second later
  local left = expires - (times.read_http_date(reply.headers and reply.headers.date) or wall_s) - 1
  if left <= 0 then return nil, "had expired at " .. times.iso(expires) end
  return left
end

local NAMES = {
  { "access_key_id", "AccessKeyId" }, { "access_key_secret", "AccessKeySecret" }, { "security_token", "SecurityToken" },
}

--- keys(object, reply, wall_s) → {access_key_id =, access_key_secret =, security_token =, expires_in = seconds} of what
-- STS, the metadata service and a credentials URI write; or nil, what is wrong with it.
function M.keys(object, reply, wall_s)
  local found = {}
  for _, one in ipairs(NAMES) do
    found[one[1]] = M.text(object[one[2]])
    if not found[one[1]] then return nil, "has no " .. one[2] end
  end
  local why
  found.expires_in, why = M.lifetime(object.Expiration, reply, wall_s)
  if not found.expires_in then return nil, why end
  return found
end

--- success(object) → the object; or nil, "says …" where its Code is another than Success.
function M.success(object)
  if object.Code == "Success" then return object end
  return nil, "says " .. core.printable(tostring(object.Code), 60)
end

--- given(reply, wall_s, find) → what keys returns for the body of a reply; or nil, "what it gave …". find(object) → the
-- object that has the keys; or nil, what is wrong.
function M.given(reply, wall_s, find)
  local object, why = M.object(reply.body)
  if object then object, why = find(object) end
  local keys
  if object then keys, why = M.keys(object, reply, wall_s) end
  if not keys then return nil, "what it gave " .. why end
  return keys
end

--- refusal(reply) → "HTTP 400", with the error's code and message where the body has them; neither secrets nor what the
-- service would have signed, which holds a token.
function M.refusal(reply)
  local status = ("HTTP %d"):format(reply.status)
  local object = M.object(reply.body)
  local code = object and M.text(object.Code)
  if not code then return status end
  local message = M.text(object.Message)
  message = message and message:gsub("%s*[Ss]erver [Ss]tring.*$", "")
  return core.printable(code, 80) .. " (" .. status .. ")" .. (message and ": " .. core.printable(message, 200) or "")
end

return M
