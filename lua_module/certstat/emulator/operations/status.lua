--- The status of certificates, named by their serials or by their Identifiers, comma between them.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/
-- api-cas-2020-06-30-describeclientcertificatestatusforserialnumber, …-describeclientcertificatestatus
local names = require "certstat.emulator.names"

local SHAPE = {
  { "CertificateStatus", { list = {
    { "RevokeTime", "integer" }, { "Status", "string" }, { "SerialNumber", "string" },
  } } },
  { "RequestId", "string" },
}

local WORD = { V = "good", E = "good", R = "revoked" }

local function known(entry)
  return { SerialNumber = entry.key, Status = WORD[entry.status], RevokeTime = (entry.revoked or 0) * 1000 }
end

-- An operation. parameter: its name; find(registry, name) → array of {entry=}; pattern: what a name looks like;
-- unknown(name) → the element of one that is not found.
local function new(parameter, find, pattern, unknown)
  local function run(context, parameters, pause)
    local given, code, message = names.read(context, parameters, parameter)
    if not given then return nil, code, message end
    local elements = {}
    for _, name in ipairs(given) do
      if not name:find(pattern) then
        return nil, "InvalidParameter", ("%s: one of them is not valid."):format(parameter)
      end
      local found = find(context.registry, name)
      for _, one in ipairs(found) do elements[#elements + 1] = known(one.entry) end
      if #found == 0 then elements[#elements + 1] = unknown(name) end
      pause()
    end
    return { CertificateStatus = elements }
  end
  return { shape = SHAPE, run = run }
end

return {
  --- One element for each serial asked, in the order asked; two where two authorities use it. The service's own form
  -- alone finds a certificate: lower-case hex of even length. RevokeTime is in milliseconds, 0 for what is not revoked.
  of_serials = new("SerialNumber", function(registry, serial) return registry:find(serial) end, "^%x+$",
    function(serial) return { SerialNumber = serial, Status = "unknown", RevokeTime = 0 } end),

  --- The same by Identifiers. The reply names serials alone, so that of a stranger has none.
  of_identifiers = new("Identifier", function(registry, identifier)
    return { registry:find_identifier(identifier) }
  end, "^[%w-]+$", function() return { Status = "unknown", RevokeTime = 0 } end),
}
