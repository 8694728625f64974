--- DescribeClientCertificateStatusForSerialNumber: the status of one or more serials, comma between them.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/
-- api-cas-2020-06-30-describeclientcertificatestatusforserialnumber
local M = {}

M.shape = {
  { "CertificateStatus", { list = {
    { "RevokeTime", "integer" }, { "Status", "string" }, { "SerialNumber", "string" },
  } } },
  { "RequestId", "string" },
}

local WORD = { V = "good", E = "good", R = "revoked" }

local function split(list)
  local serials = {}
  for serial in (list .. ","):gmatch("([^,]*),") do serials[#serials + 1] = serial end
  return serials
end

--- One element for each serial asked, in the order asked; two where two authorities use it. The service's
-- own form alone finds a certificate: lower-case hex of even length. RevokeTime is in milliseconds, 0 for
-- what is not revoked.
function M.run(context, parameters, pause)
  local list = parameters.SerialNumber
  if not list or list == "" then return nil, "MissingSerialNumber" end
  local serials = split(list)
  local most = context.max_serials
  if most and #serials > most then
    return nil, "InvalidParameter", ("SerialNumber: at most %d serial numbers in one request."):format(most)
  end
  local elements = {}
  for _, serial in ipairs(serials) do
    if not serial:find("^%x+$") then
      return nil, "InvalidParameter", "SerialNumber: a serial number is not valid."
    end
    local found = context.registry:find(serial)
    for _, entry in ipairs(found) do
      elements[#elements + 1] = {
        SerialNumber = serial, Status = WORD[entry.status], RevokeTime = (entry.revoked or 0) * 1000,
      }
    end
    if #found == 0 then
      elements[#elements + 1] = { SerialNumber = serial, Status = "unknown", RevokeTime = 0 }
    end
    pause()
  end
  return { CertificateStatus = elements }
end

return M
