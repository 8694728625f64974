--- A credentials URI: a server beside a program that gives out its keys.
local sessions = require "certstat.emulator.sessions"

local M = {}
local CredentialsUri = {}
CredentialsUri.__index = CredentialsUri
CredentialsUri.__name = "certstat.emulator.credentials_uri"

M.PATH = "/credentials"

--- new{accounts=, account=, seconds=} → credentials_uri. seconds: how long keys are good.
function M.new(options) return setmetatable(options, CredentialsUri) end

--- answer(call, wait) → {status=, headers=, body=}. call: {arrival_us=, method=, target=}; the path is PATH, or PATH, a
-- slash and the name of a mishap; wait(seconds).
function CredentialsUri:answer(call, wait)
  call.action = "CredentialsURI"
  if call.method ~= "GET" then return { status = 405, headers = {}, body = "" } end
  local name = call.target:match("^[^?]*"):sub(#M.PATH + 2)
  local mishap, seconds = sessions.mishap(name, wait)
  if mishap then return mishap end
  local now_s = math.floor(call.arrival_us / 1e6)
  local keys = name == "" or seconds
  keys = keys and sessions.issue(self.accounts, self.account, seconds or self.seconds, now_s)
  if not keys then return { status = 404, headers = {}, body = "not found" } end
  return sessions.reply(keys, { Code = "Success" })
end

return M
