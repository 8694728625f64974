--- against.lua - shows where the service signs something else than certstat does, as its message tells.
local core = require "certstat.core"
local exit_codes = require "certstat.command.exit_codes"
local mismatch = require "certstat.mismatch"
local shortened = require "certstat.shortened"

local against = {}

local MOST = 1048576 -- bytes of a message; the service's have some thousand

local function explain(found, request, provider)
  local lines = {
    "algorithm   " .. found.algorithm,
    ("access key  %s, from %s"):format(core.printable(shortened(request.access_key_id)), core.printable(provider)),
    "",
  }
  local function add(...)
    for _, line in ipairs({ ... }) do
      lines[#lines + 1] = line
    end
  end
  if found.same then
    add("no difference")
  else
    local where = found.where and (", in line %d of the canonical request"):format(found.where) or ""
    add("first difference" .. where)
    add("  server  " .. core.printable(found.server), "  here    " .. core.printable(found.ours))
  end
  add("", "reason", "  " .. core.printable(found.reason))
  return table.concat(lines, "\n") .. "\n"
end

--- Compares with `text`, the service's message ("-": what the standard input has), the signing of `request` (see
-- certstat.mismatch), whose key comes from `provider`. Returns the exit code.
function against.run(text, request, provider, environment)
  if text == "-" then
    text = environment.stdin:read(MOST) or ""
  end
  local found, message, info = mismatch.explain(text, request)
  if not found then
    environment.say("--against: " .. message)
    return exit_codes.of_failure(info)
  end
  environment.stdout:write(explain(found, request, provider))
  return exit_codes.ok
end

return against
