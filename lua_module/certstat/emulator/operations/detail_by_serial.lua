--- DescribeClientCertificateForSerialNumber, which the service calls deprecated: certificates by their serials. Dates
-- are strings here, validity is in years.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/
-- api-cas-2020-06-30-describeclientcertificateforserialnumber
local fields = require "certstat.emulator.fields"
local names = require "certstat.emulator.names"
local serial_forms = require "certstat.emulator.serial_forms"

local M = {}

M.shape = {
  { "CertificateList", { list = fields.shape("string", { { "X509Certificate", "string" }, { "Years", "integer" } }) } },
  { "RequestId", "string" },
}

function M.run(context, parameters, pause)
  local serials, code, message = names.read(context, parameters, "SerialNumber")
  if not serials then return nil, code, message end
  local list = {}
  for _, serial in ipairs(serials) do
    local key = serial_forms.key(serial, context.switches)
    for _, found in ipairs(key and context.registry:find(key) or {}) do
      list[#list + 1] = fields.certificate(found, fields.minute)
    end
    pause()
  end
  return { CertificateList = list }
end

return M
