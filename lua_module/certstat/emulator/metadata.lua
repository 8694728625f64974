--- The metadata service of an ECS instance with a RAM role, as far as credentials go.
-- https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
local sessions = require "certstat.emulator.sessions"
local times = require "certstat.times"

local M = {}
local Metadata = {}
Metadata.__index = Metadata
Metadata.__name = "certstat.emulator.metadata"

local ROLE = "certstat"
local ROLES = "/latest/meta-data/ram/security-credentials/"
local TOKEN, LONGEST_TTL = "/latest/api/token", 21600

--- new{accounts=, account=, seconds=, memory=, version=} → metadata. seconds: how long keys are good; memory: what an
-- nginx shared dictionary offers: get(name), safe_set(name, value, seconds) → true or nil, message; version: "v1" (no
-- tokens), "v2" (nothing without one) or nil (both).
function M.new(options) return setmetatable(options, Metadata) end

local function text(status, body) return { status = status, headers = {}, body = body } end

local function name_of(token) return "metadata " .. token end

local function issue_token(self, call)
  if call.method ~= "PUT" then return text(405, "") end
  if self.version == "v1" then return text(404, "not found") end
  local ttl = tonumber(call.headers["x-aliyun-ecs-metadata-token-ttl-seconds"])
  if not ttl or ttl < 1 or ttl > LONGEST_TTL then return text(400, "no TTL of 1 to 21600 seconds") end
  local token = sessions.random_text(28)
  if not self.memory:safe_set(name_of(token), true, ttl) then return text(503, "") end
  return text(200, token)
end

-- The status of a request that may not be answered; nil: it may.
local function refused(self, call)
  if call.method ~= "GET" then return 405 end
  local token = call.headers["x-aliyun-ecs-metadata-token"]
  if token then return not self.memory:get(name_of(token)) and 401 or nil end
  return self.version == "v2" and 403 or nil
end

--- answer(call, wait) → {status=, headers=, body=}. call: {arrival_us=, method=, target=, headers=}; wait(seconds).
function Metadata:answer(call, wait)
  call.action = "Metadata"
  local path = call.target:match("^[^?]*")
  if path == TOKEN then return issue_token(self, call) end
  local role = path:sub(1, #ROLES) == ROLES and path:sub(#ROLES + 1)
  if not role then return text(404, "not found") end
  local status = refused(self, call)
  if status then return text(status, "") end
  if role == "" then return text(200, ROLE) end
  local mishap, seconds = sessions.mishap(role, wait)
  if mishap then return mishap end
  if role ~= ROLE and not seconds then return text(404, "not found") end
  local now_s = math.floor(call.arrival_us / 1e6)
  local keys = sessions.issue(self.accounts, self.account, seconds or self.seconds, now_s)
  if not keys then return text(503, "") end
  return sessions.reply(keys, { Code = "Success", LastUpdated = times.iso(now_s) })
end

return M
