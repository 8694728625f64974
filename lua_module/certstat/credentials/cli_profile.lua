--- The profiles of the aliyun command: ~/.aliyun/config.json (aliyun-cli `config/profile.go`).
local core = require "certstat.core"
local credentials_uri = require "certstat.credentials.credentials_uri"
local ecs_metadata = require "certstat.credentials.ecs_metadata"
local endpoints = require "certstat.endpoints"
local external = require "certstat.credentials.external"
local file = require "certstat.credentials.file"
local reply = require "certstat.credentials.reply"
local steps = require "certstat.credentials.steps"
local sts = require "certstat.credentials.sts"

local M = { name = "aliyun CLI profile", has_profiles = true }

local text_of = reply.text
local KEY = { "access_key_id", "access_key_secret" }

local function keys_of(profile, token)
  return {
    access_key_id = profile.access_key_id, access_key_secret = profile.access_key_secret, security_token = token,
  }
end

local function role_of(profile)
  return {
    arn = profile.ram_role_arn, session_name = text_of(profile.ram_session_name),
    duration = type(profile.expired_seconds) == "number" and profile.expired_seconds > 0 and profile.expired_seconds
      or nil,
    external_id = text_of(profile.external_id), policy = text_of(profile.policy), region = text_of(profile.sts_region),
    vpc = profile.enable_vpc == true, endpoint = text_of(profile.sts_endpoint),
    provider_arn = profile.oidc_provider_arn, token_file = profile.oidc_token_file,
  }
end

-- Programs, and servers that are asked for keys, can be forbidden as for the command.
local function forbidden(source)
  local value = (source.getenv("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS") or ""):lower()
  return (value == "1" or value == "true") and "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS is set" or nil
end

local outcome_of

-- The keys of another profile first, then those of the role. above: the names of the profiles that lead here.
local function chained(source, profile, config, above)
  local name = profile.source_profile
  for _, one in ipairs(above) do
    if one == name then
      return nil, ("leads back to itself: %s, %s"):format(core.printable(table.concat(above, ", "), 200),
        core.printable(name, 60)), true
    end
  end
  local function assume(keys, why, present)
    if not keys then return nil, why, present end
    return sts.assume(source, keys, role_of(profile))
  end
  return steps.after(assume, nil, outcome_of(source, config, name, above))
end

-- The modes, in lower case, as the command compares them: what each takes from the profile, and its outcome.
local MODES = {
  ak = { needs = KEY, outcome = function(_, profile) return keys_of(profile) end },
  ststoken = {
    needs = { "access_key_id", "access_key_secret", "sts_token" },
    outcome = function(_, profile) return keys_of(profile, profile.sts_token) end,
  },
  ramrolearn = {
    needs = { "access_key_id", "access_key_secret", "ram_role_arn" },
    outcome = function(source, profile)
      return sts.assume(source, keys_of(profile, text_of(profile.sts_token)), role_of(profile))
    end,
  },
  ecsramrole = {
    needs = {},
    outcome = function(source, profile) return ecs_metadata.role(source, text_of(profile.ram_role_name)) end,
  },
  oidc = {
    needs = { "oidc_provider_arn", "oidc_token_file", "ram_role_arn" },
    outcome = function(source, profile) return sts.assume_with_oidc(source, role_of(profile)) end,
  },
  chainableramrolearn = { needs = { "source_profile", "ram_role_arn" }, outcome = chained },
  external = {
    needs = { "process_command" },
    outcome = function(source, profile)
      local why = forbidden(source)
      if why then return nil, why, true end
      return external.run(source, profile.process_command)
    end,
  },
  credentialsuri = {
    needs = { "credentials_uri" },
    outcome = function(source, profile)
      local why = forbidden(source)
      if why then return nil, why, true end
      return credentials_uri.ask(source, profile.credentials_uri)
    end,
  },
}

local function decode(text)
  local config, why = reply.object(text)
  if not config then return nil, why end
  if type(config.profiles) ~= "table" then return nil, "has no list of profiles" end
  return config
end

local function profile_of(config, name)
  for _, profile in ipairs(config.profiles) do
    if type(profile) == "table" and profile.name == name then return profile end
  end
  return nil
end

local function shown(name) return "profile " .. core.printable(name, 60) end

-- The outcome of the profile of that name; every reason names it.
function outcome_of(source, config, name, above)
  local profile = profile_of(config, name)
  if not profile then return nil, "no " .. shown(name), true end
  local mode = text_of(profile.mode)
  if not mode then return nil, shown(name) .. " names no mode", true end
  local served = MODES[mode:lower()]
  if not served then
    return nil, ("%s has mode %s, which certstat does not serve"):format(shown(name), core.printable(mode, 40)), true
  end
  for _, key in ipairs(served.needs) do
    if not text_of(profile[key]) then return nil, ("%s has no %s"):format(shown(name), key), true end
  end
  local names = { name }
  for i, one in ipairs(above or {}) do names[i], names[i + 1] = one, name end
  return steps.after(function(found, why, present)
    if found then return found end
    return nil, above and why or ("%s: %s"):format(shown(name), why), present
  end, nil, served.outcome(source, profile, config, names))
end

-- What a profile says besides its keys. It may lead to the service alone: whoever can write the file must not be able
-- to collect signed requests. Returns the facts, and warnings.
local function facts_of(profile)
  local endpoint, network, warnings = text_of(profile.endpoint), text_of(profile.endpoint_type), {}
  local function leave_out(field, expected)
    table.insert(warnings, ("aliyun CLI %s: its %s is not used: expected %s"):format(
      shown(profile.name), field, expected))
  end
  local own = endpoint and file.own_host(endpoint)
  if endpoint and not own then leave_out("endpoint", "a host that ends in .aliyuncs.com") end
  if network and not endpoints.NETWORKS[network] then
    leave_out("endpoint_type", "public or vpc")
    network = nil
  end
  return {
    region = text_of(profile.region_id), endpoint = own, network = network,
    account = sts.account(text_of(profile.ram_role_arn)),
  }, warnings
end

--- find(source): see certstat.credentials.
function M.find(source)
  if (source.getenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED") or ""):lower() == "true" then
    return nil, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true"
  end
  local loaded, message, present = file.load(source, "ALIBABA_CLOUD_CONFIG_FILE", { "/.aliyun/config.json" })
  if not loaded then return nil, message, present end
  local config
  config, message = decode(loaded.text)
  if not config then return nil, loaded.path .. " " .. message, true end
  local wanted = source.profile or source.getenv("ALIBABA_CLOUD_PROFILE")
  local name = wanted or text_of(config.current)
  if not name then return nil, loaded.path .. " names no current profile", true end
  local profile = profile_of(config, name)
  if not profile then return nil, ("no %s in %s"):format(shown(name), loaded.path), not wanted end
  local facts, warnings = facts_of(profile)
  return steps.after(function(found, why, there)
    if not found then return nil, why, there end
    found.provider, found.facts, found.warnings = "aliyun CLI " .. shown(name), facts, warnings
    table.insert(found.warnings, loaded.warning)
    return found
  end, facts, outcome_of(source, config, name))
end

return M
