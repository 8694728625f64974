--- service.lua - what the service itself lists, as a source. An item is what client:certificates gives; a certificate
-- without a serial number is an item that is a row: nothing listed vanishes.
local operations = require "certstat.operations"

local service = {}

local LISTS = {
  all = "ListClientCertificate",
  changed = "ListCert", -- its AfterDate and BeforeDate are compared with the time of a certificate's last change
  revoked = "ListRevokeCertificate",
}

local function parameters_of(since)
  return since and { AfterDate = since } or nil
end

-- A list's first page, asked for as who reads the list does; or nil, message, info.
local function first_page(client, operation, parameters)
  local query = { CurrentPage = 1, ShowSize = operations[operation].paging.size }
  for name, value in pairs(parameters or {}) do
    query[name] = value
  end
  return client:call(operation, query)
end

local function is_count(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 53
end

-- How many certificates a list has: a function that asks at its first call, nil where there is no answer.
local function total_of(client, operation, parameters)
  local asked, total
  return function()
    if not asked then
      asked = true
      local reply = first_page(client, operation, parameters)
      total = reply and is_count(reply.TotalCount) and reply.TotalCount or nil
    end
    return total
  end
end

--- How large a list is, by one call, which asks for its first page: {certificates =, calls = that reading it takes}; or
-- nil, message, info. Arguments as of service.open.
function service.size(client, list, since)
  local operation = LISTS[list]
  local reply, message, info = first_page(client, operation, parameters_of(since))
  if not reply then
    return nil, message, info
  end
  local total, pages = reply.TotalCount, reply.PageCount
  if not is_count(total) then
    return nil, ("%s: expected a number in TotalCount, found %s"):format(operation,
      total == nil and "nothing" or "another value"), { class = "protocol", code = "InvalidReply" }
  end
  if not is_count(pages) then -- then it is an empty page that ends the list
    pages = math.ceil(total / operations[operation].paging.size) + 1
  end
  return { certificates = total, calls = math.max(pages, 1) }
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
  local parameters = parameters_of(since)
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
