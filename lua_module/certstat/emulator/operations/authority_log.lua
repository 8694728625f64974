--- ListCACertificateLog: what was done to an authority.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-listcacertificatelog
local fields = require "certstat.emulator.fields"

local M = {}

M.shape = {
  { "LogList", { list = {
    { "CreateTime", "integer" }, { "OpType", "string" }, { "Content", "string" }, { "Identifier", "string" },
  } } },
  { "RequestId", "string" },
}

function M.run(context, parameters)
  local identifier = parameters.Identifier or ""
  if identifier == "" then return nil, "MissingIdentifier" end
  local authority = context.registry:find_authority(identifier)
  if not authority then return nil, "NotFound", "Identifier: there is no such authority." end
  local list = {}
  local function add(seconds, kind, content)
    list[#list + 1] = { CreateTime = fields.ms(seconds), OpType = kind, Content = content, Identifier = identifier }
  end
  if authority.own then add(authority.own.not_before, "ADD", "The authority was made.") end
  local entry = context.registry:own_entry(authority)
  if entry and entry.revoked then add(entry.revoked, "UPDATE", "The authority was revoked.") end
  return { LogList = list }
end

return M
