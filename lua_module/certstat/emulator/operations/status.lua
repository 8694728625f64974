--- The status of certificates, named by their serials or by their Identifiers, comma between them.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/
-- api-cas-2020-06-30-describeclientcertificatestatusforserialnumber, …-describeclientcertificatestatus
local encode = require "certstat.emulator.encode"
local fields = require "certstat.emulator.fields"
local names = require "certstat.emulator.names"
local serial_forms = require "certstat.emulator.serial_forms"

local SHAPE = {
  { "CertificateStatus", { list = {
    { "RevokeTime", "time" }, { "Status", "string" }, { "SerialNumber", "string" },
  } } },
  { "RequestId", "string" },
}

local WORD = { V = "good", E = "good", R = "revoked" }

-- RevokeTime as the switches say. The model has an integer whose unit is not stated, the pages' examples have dates,
-- and their sample has a 0 where they say that there is none.
local TIMES = {
  milliseconds = fields.ms,
  seconds = function(seconds) return seconds end,
  digits = function(seconds) return ("%.0f"):format(fields.ms(seconds)) end,
  date = function(seconds) return (fields.minute(seconds):gsub("Z$", "")) end,
  ["zoned-date"] = fields.minute,
}
local NO_TIME = { zero = 0, null = encode.null }

-- An element of the reply. revoked: seconds since 1970, or nil; serial: nil where there is none.
local function element(switches, status, serial, revoked)
  return {
    SerialNumber = serial, Status = status,
    RevokeTime = revoked and TIMES[switches["revoke-time"]](revoked) or NO_TIME[switches["no-revoke-time"]],
  }
end

local function reverse(list, pause)
  local count = #list
  for i = 1, math.floor(count / 2) do
    list[i], list[count + 1 - i] = list[count + 1 - i], list[i]
    pause()
  end
end

-- An operation. parameter: its name; is_one(name, switches): whether it is well formed; find(context, name) → array of
-- {entry=}; echo: whether the element of one that is not found repeats its name.
local function new(parameter, is_one, find, echo)
  local function run(context, parameters, pause)
    local given, code, message = names.read(context, parameters, parameter)
    if not given then return nil, code, message end
    local switches, elements = context.switches, {}
    for _, name in ipairs(given) do
      local is_formed = is_one(name, switches)
      local found = is_formed and find(context, name) or {}
      local instead = switches[is_formed and "strangers" or "malformed"]
      for _, one in ipairs(found) do
        local entry = one.entry
        elements[#elements + 1] = element(switches, WORD[entry.status], entry.key, entry.revoked)
      end
      if #found == 0 and instead == "refused" then
        local refusal, why = "InvalidParameter", "valid"
        if is_formed then refusal, why = "NotFound", "known" end
        return nil, refusal, ("%s: one of them is not %s."):format(parameter, why)
      elseif #found == 0 and instead == "unknown" then
        elements[#elements + 1] = element(switches, "unknown", echo and name or nil)
      end
      pause()
    end
    if switches.order == "reversed" then reverse(elements, pause) end
    return { CertificateStatus = elements }
  end
  return { shape = SHAPE, run = run }
end

return {
  --- One element for each serial asked; two where two authorities use it.
  of_serials = new("SerialNumber", serial_forms.is_one, function(context, serial)
    local key = serial_forms.key(serial, context.switches)
    return key and context.registry:find(key) or {}
  end, true),

  --- The same by Identifiers. The reply names serials alone, so that of a stranger has none.
  of_identifiers = new("Identifier", function(name) return name:find("^[%w-]+$") ~= nil end,
    function(context, identifier) return { context.registry:find_identifier(identifier) } end, false),
}
