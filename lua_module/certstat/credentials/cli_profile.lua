--- The profiles of the aliyun command: ~/.aliyun/config.json (aliyun-cli `config/profile.go`).
local core = require "certstat.core"
local file = require "certstat.credentials.file"

local M = { name = "aliyun CLI profile" }

-- The modes served, in lower case: the command compares them so. Each is what it takes from the profile.
local MODES = {
  ak = { "access_key_id", "access_key_secret" },
  ststoken = { "access_key_id", "access_key_secret", "sts_token" },
}

local function text_of(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function decode(text)
  local ok, config = pcall(require("cjson").new().decode, text)
  if not ok then return nil, "is no JSON: " .. core.printable(tostring(config), 100) end
  if type(config) ~= "table" or type(config.profiles) ~= "table" then return nil, "has no list of profiles" end
  return config
end

local function profile_of(config, name)
  for _, profile in ipairs(config.profiles) do
    if type(profile) == "table" and profile.name == name then return profile end
  end
  return nil
end

-- A profile may lead to the service alone: whoever can write the file must not be able to collect signed requests.
local function endpoint_of(profile)
  local endpoint = text_of(profile.endpoint)
  if not endpoint then return nil end
  endpoint = endpoint:lower()
  if endpoint:find("^%w[%w%-.]*%.aliyuncs%.com$") then return endpoint end
  return nil, "its endpoint is not used: expected a host that ends in .aliyuncs.com"
end

local function credentials_of(profile, shown)
  local mode = text_of(profile.mode)
  if not mode then return nil, shown .. " names no mode" end
  local needs = MODES[mode:lower()]
  if not needs then
    return nil, ("%s has mode %s, which this version does not serve"):format(shown, core.printable(mode, 40))
  end
  for _, key in ipairs(needs) do
    if not text_of(profile[key]) then return nil, ("%s has no %s"):format(shown, key) end
  end
  local endpoint, refused = endpoint_of(profile)
  return {
    access_key_id = profile.access_key_id, access_key_secret = profile.access_key_secret,
    security_token = needs[3] and profile[needs[3]], region = text_of(profile.region_id), endpoint = endpoint,
    provider = "aliyun CLI " .. shown, warnings = { refused and ("aliyun CLI %s: %s"):format(shown, refused) },
  }
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
  local shown = "profile " .. core.printable(name, 60)
  local profile = profile_of(config, name)
  if not profile then return nil, ("no %s in %s"):format(shown, loaded.path), not wanted end
  local found
  found, message = credentials_of(profile, shown)
  if not found then return nil, message, true end
  table.insert(found.warnings, loaded.warning)
  return found
end

return M
