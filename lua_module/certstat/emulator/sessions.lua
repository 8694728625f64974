--- Temporary keys: what STS, the metadata service and the credentials URI give out, each in its own wrapping; and what
-- they do on purpose where a role has the name of a mishap.
local ipc = require "certstat.ipc"
local json = require("cjson").new()
local times = require "certstat.times"

local M = {}

--- So many random bytes, in hex.
function M.random_text(bytes)
  return (ipc.random(bytes):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

--- issue(accounts, account, seconds, now_s) → {AccessKeyId=, AccessKeySecret=, SecurityToken=, Expiration=}, which
-- `accounts` (certstat.emulator.accounts) knows from now on; or nil, message where there is no room.
function M.issue(accounts, account, seconds, now_s)
  local key = {
    access_key_id = "STS." .. M.random_text(12), access_key_secret = "Emul8Key" .. M.random_text(16),
    security_token = "Emul8Token" .. M.random_text(59), -- both are known where they should not be
    expires_at = now_s + seconds, account = account,
  }
  local ok, message = accounts:register(key, now_s)
  if not ok then return nil, message end
  return {
    AccessKeyId = key.access_key_id, AccessKeySecret = key.access_key_secret, SecurityToken = key.security_token,
    Expiration = times.iso(key.expires_at),
  }
end

local function answer(status, body)
  return function() return { status = status, headers = {}, body = body } end
end

local STALL_S = 30 -- longer than a client waits

-- The mishaps by name: each is called with wait(seconds) and gives a reply, or nil and how long its keys are good.
local MISHAPS = {
  ["not-found"] = answer(404, "not found"),
  unavailable = answer(503, '{"RequestId":"0","Code":"ServiceUnavailable","Message":"Try again later."}'),
  html = answer(200, "<html><body>Please log in.</body></html>"),
  ["cut-short"] = answer(200, '{"Code":"Success","AccessKeyId":"STS.'),
  keyless = answer(200, '{"RequestId":"0","Code":"Success","Credentials":{}}'),
  failed = answer(200, '{"Code":"Failed"}'),
  stall = function(wait)
    wait(STALL_S)
    return { status = 504, headers = {}, body = "" }
  end,
  expired = function() return nil, -60 end,
}

--- mishap(name, wait) → a reply {status=, headers=, body=}; or nil and the seconds that keys are good, nil: as always.
-- name: of a role, say; wait(seconds): lets others go on.
function M.mishap(name, wait)
  local mishap = MISHAPS[name]
  if mishap then return mishap(wait) end
  return nil
end

--- The keys of `issue` and what else `fields` has, as a reply.
function M.reply(keys, fields)
  for name, value in pairs(keys) do fields[name] = value end
  return { status = 200, headers = {}, body = json.encode(fields) }
end

return M
