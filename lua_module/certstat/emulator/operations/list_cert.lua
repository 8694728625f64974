--- ListCert: certificates by kind, status, authority and time of their last change; by page or by token.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-listcert
local fields = require "certstat.emulator.fields"
local pages = require "certstat.emulator.pages"
local times = require "certstat.times"

local M = {}

M.shape = fields.paged("List", {
  { "Id", "integer" }, { "Identifier", "string" }, { "SerialNumber", "string" }, { "Status", "string" },
  { "CertificateType", "string" }, { "CommonName", "string" }, { "Organization", "string" },
  { "OrganizationUnit", "string" }, { "SubjectDn", "string" }, { "BeforeDate", "string" }, { "AfterDate", "string" },
  { "BeforeTime", "integer" }, { "AfterTime", "integer" }, { "Algorithm", "string" }, { "KeyExportable", "boolean" },
  { "Tags", { list = "string" } },
})
table.insert(M.shape, 1, { "NextToken", "string" })
table.insert(M.shape, 1, { "MaxResults", "integer" })

local TYPES = { SERVER = true, CLIENT = true, END_ENTITY = true }
local STATUSES = { ISSUE = "[VE]", REVOKE = "R" }

local function read_filter(parameters)
  local function given(name) return parameters[name] ~= "" and parameters[name] or nil end
  local filter = { parent = given "ParentIdentifier", instance = given "InstanceUuid" }
  local kind, status = given "Type", given "Status"
  if kind and not TYPES[kind] then return nil, "InvalidParameter", "Type is not valid." end
  if status and not STATUSES[status] then return nil, "InvalidParameter", "Status is not valid." end
  if kind ~= "END_ENTITY" then filter.kind = kind end
  filter.status = status and STATUSES[status]
  for name, field in pairs { AfterDate = "since", BeforeDate = "before" } do
    if given(name) then
      filter[field] = times.read(given(name))
      if not filter[field] then return nil, "InvalidParameter", name .. " is not valid." end
    end
  end
  return filter
end

-- A certificate changes when it is issued, and when it is revoked.
local function is_within(filter, entry, issued_at)
  local changed = entry.revoked or issued_at
  return changed >= (filter.since or 0) and changed < (filter.before or math.huge)
end

local function new_acceptor(filter)
  return function(entry, authority)
    if filter.parent and filter.parent ~= authority.identifier then return false end
    if filter.instance and filter.instance ~= authority:instance() then return false end
    if filter.status and not entry.status:find(filter.status) then return false end
    if not (filter.kind or filter.since or filter.before) then return true end
    local kind, issued_at = authority:issue_of(entry)
    return kind ~= nil and (filter.kind or kind) == kind and is_within(filter, entry, issued_at)
  end
end

local function element(found)
  local out, described = fields.certificate(found, fields.unzoned)
  out.SubjectDn, out.KeyExportable, out.Tags = out.SubjectDN, false, {}
  if described then
    out.BeforeTime, out.AfterTime = fields.ms(described.not_before), fields.ms(described.not_after)
  end
  return out
end

function M.run(context, parameters, pause)
  local asked, code, message = pages.either(parameters, 50)
  if not asked then return nil, code, message end
  local filter
  filter, code, message = read_filter(parameters)
  if not filter then return nil, code, message end
  local found, total
  if next(filter) then
    found, total = context.registry:select(new_acceptor(filter), asked.first, asked.size, pause)
  else
    found, total = context.registry:page(asked.first, asked.size)
  end
  local values = { List = {} }
  for i, one in ipairs(found) do
    values.List[i] = element(one)
    pause()
  end
  pages.set(values, asked, total)
  return values
end

return M
