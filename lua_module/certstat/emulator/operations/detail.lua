--- DescribeClientCertificate: all about one certificate, with its chain.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-describeclientcertificate
local fields = require "certstat.emulator.fields"

local M = {}

M.shape = {
  { "Certificate", { object = fields.shape("integer", {
    { "Id", "integer" }, { "Days", "integer" }, { "X509Certificate", "string" }, { "CertChain", "string" },
    { "FullAlgorithm", "string" }, { "ResourceGroupId", "string" }, { "UploadFlag", "integer" },
    { "Tags", { list = { { "TagKey", "string" }, { "TagValue", "string" } } } },
  }) } },
  { "RequestId", "string" },
}

function M.run(context, parameters)
  local identifier = parameters.Identifier or ""
  if identifier == "" then return nil, "MissingIdentifier" end
  local found = context.registry:find_identifier(identifier)
  if not found then return nil, "NotFound", "Identifier: there is no such certificate." end
  local values, described = fields.certificate(found, fields.ms)
  values.UploadFlag, values.Tags = 0, {}
  values.CertChain = described and described.X509Certificate .. context.registry:chain(found.authority)
  return { Certificate = values }
end

return M
