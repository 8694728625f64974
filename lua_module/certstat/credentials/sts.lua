--- Roles: temporary keys from STS.
-- https://www.alibabacloud.com/help/en/ram/api-assumerole,
-- https://www.alibabacloud.com/help/en/ram/api-assumerolewithoidc
local core = require "certstat.core"
local endpoints = require "certstat.endpoints"
local file = require "certstat.credentials.file"
local reply_of = require "certstat.credentials.reply"
local sign = require "certstat.sign"

local M = {}

local VERSION = "2015-04-01"
local CONNECT_NS, TOTAL_NS = 5e9, 10e9 -- as the official libraries
local DURATION = 3600                  -- seconds; theirs, too
local SESSION = "certstat"

--- The account's id in a role's ARN, or nil.
function M.account(arn) return (arn or ""):match("^acs:ram::(%d+):role/") end

-- Where STS is: {url =}, or nil, why.
local function find_endpoint(source, role)
  local given = source.getenv("ALIBABA_CLOUD_STS_ENDPOINT")
  local region = role.region or source.getenv("ALIBABA_CLOUD_STS_REGION")
  if not given and role.endpoint then
    given = file.own_host(role.endpoint)
    if not given then return nil, "sts_endpoint: expected a host that ends in .aliyuncs.com" end
  end
  if given or not region then return endpoints.resolve { endpoint = given or "sts.aliyuncs.com" } end
  local vpc = role.vpc or (source.getenv("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") or ""):lower() == "true"
  return endpoints.resolve { region = region, network = vpc and "vpc" or "public", product = "sts" }
end

local function keys_in(object)
  if type(object.Credentials) == "table" then return object.Credentials end
  return nil, "has no Credentials"
end

local function read(source, reply, problem)
  if not reply then return nil, "STS: " .. problem, true end
  if reply.status ~= 200 then return nil, "STS answered " .. reply_of.refusal(reply), true end
  local keys, why = reply_of.given(reply, source.wall_s(), keys_in)
  return keys, why and "STS: " .. why, true
end

-- The step that sends these parameters, which are the body, as a URL is what proxies and servers write into their logs.
local function ask(source, endpoint, parameters)
  return {
    request = {
      method = "POST", url = endpoint.url .. "/", body = parameters, connect_ns = CONNECT_NS, total_ns = TOTAL_NS,
      headers = { { "accept", "application/json" }, { "content-type", "application/x-www-form-urlencoded" } },
    },
    continue = function(reply, problem) return read(source, reply, problem) end,
  }
end

local function parameters_of(action, role)
  return {
    Action = action, Version = VERSION, Format = "JSON", RoleArn = role.arn, Policy = role.policy,
    RoleSessionName = role.session_name or SESSION, DurationSeconds = ("%d"):format(role.duration or DURATION),
  }
end

--- assume(source, keys, role) → an outcome: the keys of a role that may be had with these. keys: access_key_id,
-- access_key_secret, security_token; role: arn, and where there are session_name, duration (seconds), policy,
-- external_id, region, endpoint (of STS), vpc (whether to use STS's name inside a VPC).
function M.assume(source, keys, role)
  local endpoint, why = find_endpoint(source, role)
  if not endpoint then return nil, why, true end
  local query = parameters_of("AssumeRole", role)
  query.ExternalId = role.external_id
  local signed, message = sign.sign {
    algorithm = "HMAC-SHA1", method = "POST", host = endpoint.host, query = query, action = "AssumeRole",
    version = VERSION, access_key_id = keys.access_key_id, access_key_secret = keys.access_key_secret,
    security_token = keys.security_token,
  }
  if not signed then return nil, "STS: " .. message, true end
  return ask(source, endpoint, (signed.target:gsub("^/%?", "")))
end

--- assume_with_oidc(source, role) → an outcome: the keys of a role that may be had with a token of an OpenID Connect
-- provider. role: as for assume, and provider_arn, token_file. The file is read each time: tokens are exchanged in it.
function M.assume_with_oidc(source, role)
  local endpoint, why = find_endpoint(source, role)
  if not endpoint then return nil, why, true end
  local shown = core.printable(role.token_file, 200)
  local token, problem = source.read(role.token_file)
  if not token then return nil, ("OIDC token file %s: %s"):format(shown, core.printable(problem, 100)), true end
  token = token:gsub("%s+$", "")
  if #token < 4 or #token > 20000 then
    return nil, ("OIDC token file %s: expected a token of 4 to 20000 characters, found %d"):format(shown, #token), true
  end
  local query = parameters_of("AssumeRoleWithOIDC", role)
  query.OIDCProviderArn, query.OIDCToken, query.Timestamp = role.provider_arn, token, sign.date()
  local body, message = core.canonical_query(query)
  if not body then return nil, "STS: " .. message, true end
  return ask(source, endpoint, body)
end

return M
