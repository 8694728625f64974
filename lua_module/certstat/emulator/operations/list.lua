--- ListClientCertificate: client and server certificates, page by page.
-- https://help.aliyun.com/zh/ssl-certificate/api-listclientcertificate
local json = require("cjson").new()

local M = {}

local MOST = 1000 -- of ShowSize; the service's own limit is not documented
local GROUP = "rg-certstat"

M.shape = {
  { "CertificateList", { list = {
    { "Id", "integer" }, { "Identifier", "string" }, { "SerialNumber", "string" }, { "Status", "string" },
    { "CertificateType", "string" }, { "CommonName", "string" }, { "Organization", "string" },
    { "OrganizationUnit", "string" }, { "Locality", "string" }, { "State", "string" }, { "CountryCode", "string" },
    { "SubjectDN", "string" }, { "Sans", "string" }, { "BeforeDate", "integer" }, { "AfterDate", "integer" },
    { "Days", "integer" }, { "Algorithm", "string" }, { "KeySize", "integer" }, { "SignAlgorithm", "string" },
    { "Md5", "string" }, { "Sha2", "string" }, { "X509Certificate", "string" }, { "ParentIdentifier", "string" },
    { "ResourceGroupId", "string" },
  } } },
  { "CurrentPage", "integer" }, { "PageCount", "integer" }, { "ShowSize", "integer" }, { "TotalCount", "integer" },
  { "RequestId", "string" },
}

-- Sans is a string that holds JSON
local function names_text(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = ('{"Type":%d,"Value":%s}'):format(name[1], json.encode(name[2]))
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function element(found)
  local entry, authority = found.entry, found.authority
  local out = {
    Id = authority:id_of(entry), Identifier = authority:identifier_of(entry), SerialNumber = entry.key,
    Status = entry.status == "R" and "REVOKE" or "ISSUE", ParentIdentifier = authority.identifier,
    ResourceGroupId = GROUP,
  }
  local described = authority:describe(entry)
  if not described then return out end -- its file is gone: every other field may be absent
  for _, field in ipairs(M.shape[1][2].list) do
    if out[field[1]] == nil then out[field[1]] = described[field[1]] end
  end
  out.Sans = names_text(described.names)
  out.BeforeDate, out.AfterDate = described.not_before * 1000, described.not_after * 1000
  out.Days = math.floor((described.not_after - described.not_before) / 86400 + 0.5)
  return out
end

local function whole(text, usual, most)
  if text == nil or text == "" then return usual end
  local number = text:find("^%d%d?%d?%d?%d?%d?%d?%d?%d?$") and tonumber(text)
  return number and number >= 1 and number <= most and number or nil
end

function M.run(context, parameters, pause)
  local page, size = whole(parameters.CurrentPage, 1, 2147483647), whole(parameters.ShowSize, 20, MOST)
  if not page then return nil, "InvalidParameter", "CurrentPage is not valid." end
  if not size then return nil, "InvalidParameter", ("ShowSize is not valid: 1 to %d."):format(MOST) end
  local found, total
  local group, identifier = parameters.ResourceGroupId or "", parameters.Identifier or ""
  if group ~= "" and group ~= GROUP then
    found, total = {}, 0
  elseif identifier ~= "" then
    local one = context.registry:find_identifier(identifier)
    total = one and 1 or 0
    found = page == 1 and { one } or {}
  else
    found, total = context.registry:page((page - 1) * size + 1, size)
  end
  local list = {}
  for i, one in ipairs(found) do
    list[i] = element(one)
    pause()
  end
  return {
    CertificateList = list, CurrentPage = page, ShowSize = size, TotalCount = total,
    PageCount = math.ceil(total / size),
  }
end

return M
