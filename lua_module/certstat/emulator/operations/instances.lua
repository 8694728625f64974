--- Instances: each authority is one that was bought and used.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-getcainstancestatus,
-- …-getcainstancecrladdress, …-listallendentityinstance
local authorities = require "certstat.emulator.operations.authorities"
local fields = require "certstat.emulator.fields"
local pages = require "certstat.emulator.pages"

local M = {}

-- What is common to both lists of instances.
local function instance_of(registry, authority)
  local issued = registry:issued(authority)
  local own = fields.authority(registry, authority, fields.ms)
  return {
    InstanceId = authority:instance(), Identifier = authority.identifier, Type = own.CertificateType,
    Status = own.Status == "REVOKE" and "REVOKE" or "USED", CertIssuedCount = issued,
    CertTotalCount = issued + authorities.REMAINING, BeforeTime = own.BeforeDate, AfterTime = own.AfterDate,
    UseExpireTime = own.AfterDate, Id = authority.number,
  }
end

local INSTANCE = {
  { "InstanceId", "string" }, { "Identifier", "string" }, { "Type", "string" }, { "Status", "string" },
  { "CertTotalCount", "integer" }, { "CertIssuedCount", "integer" }, { "BeforeTime", "integer" },
  { "AfterTime", "integer" }, { "UseExpireTime", "integer" },
}

local function is_asked(parameters, name, value) return (parameters[name] or "") == "" or parameters[name] == value end

M.status = { shape = { { "InstanceStatusList", { list = INSTANCE } }, { "RequestId", "string" } } }

function M.status.run(context, parameters, pause)
  local list = {}
  for _, authority in ipairs(context.registry.authorities) do
    if is_asked(parameters, "InstanceId", authority:instance())
      and is_asked(parameters, "Identifier", authority.identifier) then
      list[#list + 1] = instance_of(context.registry, authority)
    end
    pause()
  end
  return { InstanceStatusList = list }
end

M.crl_address = {
  shape = {
    { "CrlUrl", "string" }, { "HashCode", "string" }, { "NextUpdateTime", "string" }, { "CaInstanceStatus", "string" },
    { "CaType", "string" }, { "RequestId", "string" },
  },
}

-- Uuid and CaIdentifier name the same here: the authority.
function M.crl_address.run(context, parameters, _, now_s)
  local identifier = (parameters.CaIdentifier or "") ~= "" and parameters.CaIdentifier or parameters.Uuid or ""
  if identifier == "" then return nil, "MissingCaIdentifier" end
  local authority = context.registry:find_authority(identifier)
  if not authority then return nil, "NotFound", "CaIdentifier: there is no such authority." end
  return {
    CrlUrl = authority:crl_url(), HashCode = ("%016x"):format(context.registry:revoked(authority)),
    NextUpdateTime = ("%.0f"):format(fields.ms((math.floor(now_s / 86400) + fields.CRL_DAYS) * 86400)),
    CaInstanceStatus = "normal", CaType = authority:is_root() and "ROOT" or "SUB_ROOT",
  }
end

-- Its elements have no model: they are an instance's fields, and Id, which ParentId refers to.
M.all = { shape = fields.paged("List", { { "Id", "integer" } }) }
for _, field in ipairs(INSTANCE) do table.insert(M.all.shape[1][2].list, field) end
table.insert(M.all.shape, 1, { "NextToken", "string" })
table.insert(M.all.shape, 1, { "MaxResults", "integer" })

function M.all.run(context, parameters, pause)
  local asked, code, message = pages.either(parameters, 20)
  if not asked then return nil, code, message end
  local registry, list = context.registry, {}
  for _, authority in ipairs(registry.authorities) do
    local issuer = registry:issuer(authority)
    if is_asked(parameters, "ParentId", issuer and tostring(issuer.number) or "0") then
      list[#list + 1] = instance_of(registry, authority)
    end
    pause()
  end
  local values = { List = pages.cut(list, asked) }
  pages.set(values, asked, #list)
  return values
end

return M
