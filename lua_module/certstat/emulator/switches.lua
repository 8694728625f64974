--- What the service's documentation leaves open, or says in two ways: a switch for each, so that a client meets every
-- service that there may be. Their names, values and meanings stand here alone: help, README and checks follow.
-- Sources: https://help.aliyun.com/zh/ssl-certificate/developer-reference/
-- api-cas-2020-06-30-describeclientcertificatestatusforserialnumber and the SDK's model of it
-- (alibabacloud-go/cas-20200630); what official clients take for a throttle (aliyun/darabonba-openapi,
-- @alicloud/openapi-core, aliyun/aliyun-cli).
local core = require "certstat.core"

local M = {}

--- Array of {name=, values=, says=}. The first value is the likeliest, and holds where nothing is said.
M.list = {
  { name = "revoke-time", values = { "milliseconds", "seconds", "digits", "date", "zoned-date" },
    says = "`RevokeTime` of what is revoked: a number, milliseconds in a string, `2021-01-01T00:00`, or that with Z" },
  { name = "no-revoke-time", values = { "zero", "absent", "null" }, says = "`RevokeTime` of what is not revoked" },
  { name = "strangers", values = { "unknown", "absent", "refused" },
    says = "a serial that was never issued: its status, left out, or the whole call is refused" },
  { name = "malformed", values = { "refused", "unknown", "absent" }, says = "the same of what is no serial" },
  { name = "order", values = { "asked", "reversed" }, says = "the order of statuses" },
  { name = "serial-form", values = { "lower", "upper", "minimal" },
    says = "how replies write serials: `0a1b`, `0A1B`, or without a leading zero, `a1b`" },
  { name = "serial-input", values = { "exact", "any" },
    says = "which serials find a certificate: `0a1b` and the form of replies, or any form" },
  { name = "get", values = { "allowed", "refused" }, says = "calls by GET" },
  { name = "window", values = { "sliding", "fixed" },
    says = "the quota counts calls in any second, or from each whole second on" },
  { name = "throttle-status", values = { "400", "429", "503" }, says = "the HTTP status of a throttle" },
  { name = "throttle-code", values = { "Throttling.User", "Throttling", "Throttling.Api" }, says = "its code" },
  { name = "throttle-headers", values = { "x-acs-retry-after", "x-ratelimit", "both", "none" },
    says = "how it says when to come again: the new field, the old ones (`x-ratelimit-user-api`, `x-ratelimit-user`)" },
}

local by_name = {}
for _, switch in ipairs(M.list) do by_name[switch.name] = switch end

--- usual() → name to value, of all switches.
function M.usual()
  local settings = {}
  for _, switch in ipairs(M.list) do settings[switch.name] = switch.values[1] end
  return settings
end

-- "a, b or c"
local function either(words)
  return (table.concat(words, ", "):gsub(", ([^,]*)$", " or %1"))
end

local function names()
  local found = {}
  for i, switch in ipairs(M.list) do found[i] = switch.name end
  return found
end

--- check(name, value) → true; or nil, message.
function M.check(name, value)
  local switch = by_name[name]
  if not switch then
    return nil, ("expected one of %s, found '%s'"):format(either(names()), core.printable(name, 60))
  end
  for _, one in ipairs(switch.values) do
    if one == value then return true end
  end
  return nil, ("%s: expected %s, found '%s'"):format(name, either(switch.values), core.printable(value, 60))
end

--- read(text) → name, value; or nil, message. text: NAME=VALUE.
function M.read(text)
  local name, value = text:match("^([^=]*)=(.*)$")
  if not name then return nil, ("expected NAME=VALUE, found '%s'"):format(core.printable(text, 60)) end
  local ok, message = M.check(name, value)
  if not ok then return nil, message end
  return name, value
end

--- What --help says of them: lines of at most 90 columns.
function M.help()
  local lines = {}
  for _, switch in ipairs(M.list) do
    lines[#lines + 1] = "   " .. switch.name .. "=" .. table.concat(switch.values, "|")
    local line = "     "
    for word in switch.says:gsub("`", ""):gmatch("%S+") do
      if #line + #word > 88 then
        lines[#lines + 1], line = line, "     "
      end
      line = line .. " " .. word
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n")
end

return M
