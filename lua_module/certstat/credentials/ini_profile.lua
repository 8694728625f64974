--- The official libraries' own file of profiles: ~/.alibabacloud/credentials, or credentials.ini for Python.
local core = require "certstat.core"
local file = require "certstat.credentials.file"

local M = { name = "credentials file" }

-- A value as Go's ini package reads it: without a comment behind it and without quotes around it.
local function value_of(text)
  text = text:gsub("%s[#;].*$", ""):gsub("%s+$", "")
  return text:match('^"(.*)"$') or text:match("^'(.*)'$") or text
end

-- The keys of a section, or nil where there is no such section.
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
      if key then section[key] = value_of(value) end
    end
  end
  return section
end

local function credentials_of(section, shown)
  if not section.type then return nil, shown .. " names no type" end
  if section.type ~= "access_key" then
    return nil, ("%s has type %s, which this version does not serve"):format(shown, core.printable(section.type, 40))
  end
  for _, key in ipairs { "access_key_id", "access_key_secret" } do
    if (section[key] or "") == "" then return nil, ("%s has no %s"):format(shown, key) end
  end
  return {
    access_key_id = section.access_key_id, access_key_secret = section.access_key_secret,
    provider = M.name .. " " .. shown,
  }
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
  local found
  found, message = credentials_of(section, shown)
  if not found then return nil, message, true end
  found.warnings = { loaded.warning }
  return found
end

return M
