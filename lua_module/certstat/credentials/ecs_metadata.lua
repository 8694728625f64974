--- The role of an ECS instance, whose keys its metadata service gives out: version 2 (with a token), else version 1.
-- https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
local core = require "certstat.core"
local endpoints = require "certstat.endpoints"
local reply_of = require "certstat.credentials.reply"
local steps = require "certstat.credentials.steps"

local M = { name = "ECS metadata" }

local ADDRESS = "http://100.100.100.200"
local TOKEN_PATH, ROLE_PATH = "/latest/api/token", "/latest/meta-data/ram/security-credentials/"
local TOKEN_SECONDS = "21600"
local IN_ALL_NS = 1e9

-- Why this machine is taken for none of ECS: the default chain asks once a process, as off ECS nothing answers, and
-- each time would cost a second. What has served once in this process is there, whatever comes of a renewal.
local absent, served

local function is_true(source, name) return (source.getenv(name) or ""):lower() == "true" end

-- Where the service is; CERTSTAT_METADATA_ENDPOINT names an emulator of it, on this machine alone.
local function find_address(source)
  local given = source.getenv("CERTSTAT_METADATA_ENDPOINT")
  if not given then return ADDRESS end
  local endpoint = endpoints.resolve { endpoint = given }
  if not endpoint or not endpoint.url:find("^http:") then
    return nil, "CERTSTAT_METADATA_ENDPOINT: expected http:// and a loopback address"
  end
  return endpoint.url
end

-- What is asked in turn, within one second in all.
local function new_inquiry(source, address)
  local until_ns = source.now_ns() + IN_ALL_NS
  return function(method, path, headers, share, continue)
    local left_ns = math.max(1e6, until_ns - source.now_ns())
    return {
      request = { method = method, url = address .. path, headers = headers, total_ns = math.floor(left_ns * share) },
      continue = continue,
    }
  end
end

local function read_keys(source, reply, problem)
  if not reply then return nil, problem, true end
  if reply.status ~= 200 then return nil, "the role's keys: " .. reply_of.refusal(reply), true end
  local keys, why = reply_of.given(reply, source.wall_s(), reply_of.success)
  return keys, why, true
end

-- headers: the token's, or none
local function ask_keys(source, ask, name, headers)
  local function ask_for(role)
    return ask("GET", ROLE_PATH .. role, headers, 1, function(reply, problem)
      return read_keys(source, reply, problem)
    end)
  end
  if name then return ask_for(name) end
  return ask("GET", ROLE_PATH, headers, 1, function(reply, problem)
    if not reply then return nil, problem end
    if reply.status == 404 then return nil, "this instance has no RAM role" end
    local role = reply.status == 200 and reply.body:match("^%s*([%w._-]+)%s*$")
    if not role then return nil, "expected a role's name, found HTTP " .. ("%d"):format(reply.status), true end
    return ask_for(role)
  end)
end

--- role(source, name) → an outcome: the keys of the instance's role; name: nil where the service shall say it.
function M.role(source, name)
  local address, why = find_address(source)
  if not address then return nil, why, true end
  if name and not name:find("^[%w._-]+$") then
    return nil, "expected a role's name, found " .. core.printable(name, 60), true
  end
  local ask = new_inquiry(source, address)
  local only_v2 = is_true(source, "ALIBABA_CLOUD_IMDSV1_DISABLED")
  local ttl = { { "X-aliyun-ecs-metadata-token-ttl-seconds", TOKEN_SECONDS } }
  return ask("PUT", TOKEN_PATH, ttl, only_v2 and 1 or 0.5, function(reply, problem)
    local token = reply and reply.status == 200 and reply.body:match("^%s*([\33-\126]+)%s*$")
    if token then return ask_keys(source, ask, name, { { "X-aliyun-ecs-metadata-token", token } }) end
    if only_v2 then return nil, "no token: " .. (problem or reply_of.refusal(reply)) end
    return ask_keys(source, ask, name, {})
  end)
end

--- find(source): see certstat.credentials.
function M.find(source)
  if is_true(source, "ALIBABA_CLOUD_ECS_METADATA_DISABLED") then
    return nil, "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true"
  end
  if absent then return nil, absent end
  return steps.after(function(found, why, present)
    if found then
      found.provider, served = M.name, true
      return found
    end
    if not present and not served then absent = why .. ", and is not asked again" end
    return nil, why, present
  end, nil, M.role(source, source.getenv("ALIBABA_CLOUD_ECS_METADATA")))
end

return M
