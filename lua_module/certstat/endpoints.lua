--- Where the service is: the host of a region, or an endpoint that is given.
local core = require "certstat.core"

local M = {}

local MAINLAND = "cas.aliyuncs.com"
local DEFAULT_REGION = "cn-hangzhou"
local VARIABLE = "ALIBABA_CLOUD_ENDPOINT"

--- The networks that have names of their own.
M.NETWORKS = { public = true, vpc = true }

-- Regions that MAINLAND serves besides those of mainland China, whose names begin with cn-: the endpoint map of the SDK
-- (alibabacloud-typescript-sdk `cas-20200630/src/client.ts`).
local SERVED_BY_MAINLAND = {
  ["ap-northeast-2-pop"] = true, ["eu-west-1"] = true, ["eu-west-1-oxs"] = true, ["rus-west-1-pop"] = true,
  ["us-east-1"] = true, ["us-west-1"] = true,
}

local function fail(message)
  return nil, "endpoint: " .. message, { class = "argument" }
end

-- The documentation gives Hong Kong, Malaysia (ap-southeast-3), Indonesia (ap-southeast-5) hosts of their own, though
-- the SDK's map sends them to MAINLAND (https://help.aliyun.com/en/ssl-certificate/developer-reference/endpoints). The
-- others, those that the SDK does not know among them, follow the SDK's rule. So do VPC names: in the SDK its map would
-- win over the network asked for.
local function host_of(product, region, network)
  if network == "vpc" then return ("%s-vpc.%s.aliyuncs.com"):format(product, region) end
  local mainland = region:find("^cn%-") and region ~= "cn-hongkong" or SERVED_BY_MAINLAND[region]
  return product == "cas" and mainland and MAINLAND or ("%s.%s.aliyuncs.com"):format(product, region)
end

-- true where it is an address of the loopback network, as a literal: a name may resolve to anything
local function is_loopback(host)
  if host == "[::1]" then return true end
  local a, b, c = host:match("^127%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  return a ~= nil and tonumber(a) < 256 and tonumber(b) < 256 and tonumber(c) < 256
end

local function is_host(host)
  if host:find("^%[[%x:.]+%]$") then return host:find(":.*:") ~= nil end
  return #host <= 253 and host:find("^[%w_%-.]+$") and not ("." .. host .. "."):find("..", 1, true)
end

local DEFAULT_PORTS = { https = 443, http = 80 }

-- What an endpoint must not have. A message never repeats the endpoint: it may hold a password.
local SUPERFLUOUS = { { "@", "a user name" }, { "?", "a query" }, { "#", "a fragment" }, { "/", "a path" } }

-- Host and port (or nil) of what stands behind the scheme.
local function split_authority(authority)
  for _, one in ipairs(SUPERFLUOUS) do
    if authority:find(one[1], 1, true) then
      return nil, "expected scheme, host and port alone, found " .. one[2]
    end
  end
  local host, port = authority:match("^(%[[^%]]*%])(.*)$")
  if not host then host, port = authority:match("^([^:]*)(.*)$") end
  if not is_host(host) then return nil, "expected a host name, an IPv4 address or an IPv6 address in brackets" end
  if port == "" then return host:lower() end
  local number = tonumber(port:match("^:(%d%d?%d?%d?%d?)$"))
  if not number or number < 1 or number > 65535 then return nil, "expected a port from 1 to 65535" end
  return host:lower(), number
end

-- Scheme, host and port (or nil) of an endpoint.
local function split(endpoint)
  local scheme, authority = endpoint:match("^(%a[%w+.-]*)://(.*)$")
  if not scheme and endpoint:lower():find("^[%w%-.]+%.aliyuncs%.com$") then
    scheme, authority = "https", endpoint -- as the official tools write it
  end
  if not scheme then return nil, "expected a URL, https://HOST or https://HOST:PORT" end
  scheme = scheme:lower()
  if not DEFAULT_PORTS[scheme] then
    return nil, "expected https:// or http://, found " .. core.printable(scheme, 20) .. "://"
  end
  local host, port = split_authority((authority:gsub("/$", "")))
  if not host then return nil, port end
  return scheme, host, port
end

local function resolve_url(endpoint, allow_http)
  local scheme, host, port = split(endpoint)
  if not scheme then return fail(host) end
  if scheme == "http" and not is_loopback(host) and not allow_http then
    return fail("expected https://, found http:// to a host that is no loopback address (127.0.0.1, [::1])")
  end
  -- libcurl leaves a default port out of the Host field, which is signed
  if port and port ~= DEFAULT_PORTS[scheme] then host = ("%s:%d"):format(host, port) end
  return { url = scheme .. "://" .. host, host = host }
end

--- Whether what comes from an endpoint (as resolve gives it) is its own word: nobody between can have changed it.
function M.is_trusted(endpoint)
  return endpoint.url:find("^https://") ~= nil or is_loopback((endpoint.host:gsub(":%d+$", "")))
end

--- resolve(options) → {url = "https://host[:port]", host = "host[:port]"}; or nil, message, info.
-- options, all optional: endpoint (a URL of scheme, host and port, or a host alone that ends in .aliyuncs.com); else
-- region (cn-hangzhou, whose host serves all of mainland China), network ("public" or "vpc") and product ("cas", or
-- "sts", which has a host of its own in each region). allow_http: plain http to other hosts than loopback addresses.
function M.resolve(options)
  options = options or {}
  if options.endpoint then return resolve_url(options.endpoint, options.allow_http) end
  local region = (options.region or DEFAULT_REGION):lower()
  if #region > 63 or not region:find("^%w[%w-]*%w$") then
    return fail("expected the name of a region, such as cn-hangzhou, found " .. core.printable(region, 40))
  end
  local network = options.network or "public"
  if not M.NETWORKS[network] then
    return fail("expected the network public or vpc, found " .. core.printable(network, 40))
  end
  local host = host_of(options.product or "cas", region, network)
  return { url = "https://" .. host, host = host }
end

--- find(options, getenv, facts) → as resolve, of the service: where the options say it is, else the environment, else a
-- profile. options: as of resolve; getenv(name): nil or "" for none; facts: {endpoint =, region =, network =} of
-- credentials, any of them nil. A region or a network that an option names goes before an endpoint that none does.
function M.find(options, getenv, facts)
  local function variable(name)
    local value = getenv(name)
    return value ~= "" and value or nil
  end
  local of_environment = not (options.endpoint or options.region or options.network) and variable(VARIABLE) or nil
  local of_profile = not (options.region or options.network) and facts.endpoint or nil
  local found, message, info = M.resolve {
    endpoint = options.endpoint or of_environment or of_profile,
    region = options.region or variable("ALIBABA_CLOUD_REGION_ID") or facts.region,
    network = options.network or variable("ALIBABA_CLOUD_ENDPOINT_TYPE") or facts.network,
    allow_http = options.allow_http,
  }
  if not found and of_environment then message = message:gsub("^endpoint", VARIABLE) end
  return found, message, info
end

return M
