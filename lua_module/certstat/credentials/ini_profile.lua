--- The official libraries' own file of profiles: ~/.alibabacloud/credentials, or credentials.ini for Python.
local core = require "certstat.core"
local ecs_metadata = require "certstat.credentials.ecs_metadata"
local file = require "certstat.credentials.file"
local steps = require "certstat.credentials.steps"
local sts = require "certstat.credentials.sts"

local M = { name = "credentials file", has_profiles = true }

-- A value as Go's ini package reads it: without a comment behind it and without quotes around it.
local function value_of(text)
  text = text:gsub("%s[#;].*$", ""):gsub("%s+$", "")
  return text:match('^"(.*)"$') or text:match("^'(.*)'$") or text
end

-- The keys of a section that have a value, or nil where there is no such section.
local function section_of(text, name)
  local section, current
  for line in text:gmatch("[^\r\n]+") do
    line = line:gsub("^\239\187\191", "")
    local header = line:match("^%s*%[%s*(.-)%s*%]%s*$")
    if header then
      current = header == name
      section = section or current and {} or nil
    elseif current then
      local key, value = line:match("^%s*([%w_]+)%s*=%s*(.*)$") -- no comment begins so
      value = key and value_of(value)
      if value and value ~= "" then section[key] = value end
    end
  end
  return section
end

local function role_of(section)
  return {
    arn = section.role_arn, session_name = section.role_session_name, policy = section.policy,
    provider_arn = section.oidc_provider_arn, token_file = section.oidc_token_file_path,
  }
end

-- The types: what each takes from the section, and its outcome.
local TYPES = {
  access_key = {
    needs = { "access_key_id", "access_key_secret" },
    outcome = function(_, section)
      return { access_key_id = section.access_key_id, access_key_secret = section.access_key_secret }
    end,
  },
  ecs_ram_role = {
    needs = {},
    outcome = function(source, section) return ecs_metadata.role(source, section.role_name) end,
  },
  ram_role_arn = {
    needs = { "access_key_id", "access_key_secret", "role_arn" },
    outcome = function(source, section) return sts.assume(source, section, role_of(section)) end,
  },
  oidc_role_arn = {
    needs = { "role_arn", "oidc_provider_arn", "oidc_token_file_path" },
    outcome = function(source, section) return sts.assume_with_oidc(source, role_of(section)) end,
  },
}

local function outcome_of(source, section, shown)
  if not section.type then return nil, shown .. " names no type", true end
  local served = TYPES[section.type]
  if not served then
    return nil, ("%s has type %s, which certstat does not serve"):format(shown, core.printable(section.type, 40)), true
  end
  for _, key in ipairs(served.needs) do
    if not section[key] then return nil, ("%s has no %s"):format(shown, key), true end
  end
  return steps.after(function(found, why, present)
    if found then return found end
    return nil, ("%s: %s"):format(shown, why), present
  end, nil, served.outcome(source, section))
end

--- find(source): see certstat.credentials.
function M.find(source)
  local loaded, message, present = file.load(source, "ALIBABA_CLOUD_CREDENTIALS_FILE",
    { "/.alibabacloud/credentials", "/.alibabacloud/credentials.ini" })
  if not loaded then return nil, message, present end
  local wanted = source.profile or source.getenv("ALIBABA_CLOUD_PROFILE")
  local name = wanted or "default"
  local shown = "profile " .. core.printable(name, 60)
  local section = section_of(loaded.text, name)
  if not section then return nil, ("no %s in %s"):format(shown, loaded.path), not wanted end
  local facts = { account = sts.account(section.role_arn) }
  return steps.after(function(found, why, there)
    if not found then return nil, why, there end
    found.provider, found.facts, found.warnings = M.name .. " " .. shown, facts, { loaded.warning }
    return found
  end, facts, outcome_of(source, section, shown))
end

return M
