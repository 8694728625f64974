--- ListClientCertificate: client and server certificates, page by page.
-- https://help.aliyun.com/zh/ssl-certificate/api-listclientcertificate
local fields = require "certstat.emulator.fields"
local pages = require "certstat.emulator.pages"

local M = {}

M.shape = fields.paged("CertificateList", fields.shape("integer", {
  { "Id", "integer" }, { "Days", "integer" }, { "X509Certificate", "string" }, { "ResourceGroupId", "string" },
}))

function M.run(context, parameters, pause)
  local asked, code, message = pages.page(parameters, 20)
  if not asked then return nil, code, message end
  local found, total
  local group, identifier = parameters.ResourceGroupId or "", parameters.Identifier or ""
  if group ~= "" and group ~= fields.GROUP then
    found, total = {}, 0
  elseif identifier ~= "" then
    local one = context.registry:find_identifier(identifier)
    total = one and 1 or 0
    found = pages.cut({ one }, asked)
  else
    found, total = context.registry:page(asked.first, asked.size)
  end
  local values = { CertificateList = {} }
  for i, one in ipairs(found) do
    values.CertificateList[i] = fields.certificate(one, fields.ms)
    pause()
  end
  pages.set(values, asked, total)
  return values
end

return M
