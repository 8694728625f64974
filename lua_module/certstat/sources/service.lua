--- service.lua - what the service itself lists, as a source. An item is what client:certificates gives; a certificate
-- without a serial number is an item that is a row: nothing listed vanishes.
local service = {}

local LISTS = {
  all = "ListClientCertificate",
  changed = "ListCert", -- its AfterDate and BeforeDate are compared with the time of a certificate's last change
  revoked = "ListRevokeCertificate",
}

-- How many certificates a list has: a function that asks at its first call, nil where there is no answer.
local function total_of(client, operation, parameters)
  local asked, total
  return function()
    if not asked then
      asked = true
      local query = { CurrentPage = 1, ShowSize = 1 }
      for name, value in pairs(parameters or {}) do
        query[name] = value
      end
      local reply = client:call(operation, query)
      total = reply and type(reply.TotalCount) == "number" and reply.TotalCount or nil
    end
    return total
  end
end

--- client: a certstat.client; list: all, changed or revoked; since: for changed, a date as the service takes it,
-- 2026-01-02 or 2026-01-02 03:04:05. Returns an iterator of items, which may fail with nil, message, info; and a
-- function: which share of the list is read, 0 to 1, nil where that is not known. It asks the service at its first
-- call.
function service.open(client, list, since)
  local operation = LISTS[list]
  if not operation then
    error("service.open: expected all, changed or revoked, found " .. tostring(list), 2)
  end
  local parameters = since and { AfterDate = since } or nil
  local certificates = client:certificates { operation = operation, parameters = parameters }
  local total, read = total_of(client, operation, parameters), 0
  return function()
    local certificate, message, info = certificates()
    if not certificate then
      return nil, message, info
    end
    read = read + 1
    if certificate.serial ~= "" then
      return certificate
    end
    return { row = {
      serial = "", status = "invalid", class = "protocol", code = "NoSerialNumber",
      message = "the service lists this certificate without a serial number: " .. tostring(certificate.identifier),
      source = certificate.identifier,
    } }
  end, function()
    local all = total()
    return all and all > 0 and read / all or nil
  end
end

return service
