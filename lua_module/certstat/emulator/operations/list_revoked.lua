--- ListRevokeCertificate: the revoked ones, with the day of their revocation; dates are strings here.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-listrevokecertificate
local fields = require "certstat.emulator.fields"
local pages = require "certstat.emulator.pages"

local M = {}

M.shape = fields.paged("CertificateList", fields.shape("string", { { "RevokeDate", "string" } }))

function M.run(context, parameters, pause)
  local asked, code, message = pages.page(parameters, 20)
  if not asked then return nil, code, message end
  local found, total = context.registry:revoked_page(asked.first, asked.size)
  local values = { CertificateList = {} }
  for i, one in ipairs(found) do
    values.CertificateList[i] = fields.certificate(one, fields.day)
    values.CertificateList[i].RevokeDate = fields.day(one.entry.revoked)
    pause()
  end
  pages.set(values, asked, total)
  return values
end

return M
