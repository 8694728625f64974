--- What the service tells of authorities.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-describecacertificate,
-- …-describecacertificatelist, …-describecacertificatecount, …-describepcaandexternalcacertificatelist,
-- …-listpcacacertificate
local fields = require "certstat.emulator.fields"
local pages = require "certstat.emulator.pages"

local M = {}

M.REMAINING = 10000 -- certificates that an authority may still issue; the emulator sells as many as one likes

local IN_LIST = { { "X509Certificate", "string" }, { "Years", "integer" } }

local function no_authority()
  return nil, "NotFound", "Identifier: there is no such authority."
end

M.one = {
  shape = {
    { "Certificate", { object = fields.shape("integer", {
      { "X509Certificate", "string" }, { "Years", "integer" }, { "CaCertChain", "string" },
      { "FullAlgorithm", "string" }, { "IssuerType", "string" }, { "CrlStatus", "string" }, { "CrlUrl", "string" },
      { "CrlDay", "integer" }, { "CertIssuedCount", "integer" }, { "CertRemainingCount", "integer" },
      { "CertTotalCount", "integer" }, { "ResourceGroupId", "string" },
      { "Tags", { list = { { "TagKey", "string" }, { "TagValue", "string" } } } },
    }) } },
    { "Years", "integer" }, { "RequestId", "string" },
  },
}

function M.one.run(context, parameters)
  local identifier = parameters.Identifier or ""
  if identifier == "" then return nil, "MissingIdentifier" end
  local registry = context.registry
  local authority = registry:find_authority(identifier)
  if not authority then return no_authority() end
  local values, issued = fields.authority(registry, authority, fields.ms), registry:issued(authority)
  values.CaCertChain, values.Tags = registry:chain(authority), {}
  values.CrlStatus, values.CrlUrl, values.CrlDay = "ACTIVE", authority:crl_url(), fields.CRL_DAYS
  values.CertIssuedCount, values.CertRemainingCount = issued, M.REMAINING
  values.CertTotalCount = issued + M.REMAINING
  return { Certificate = values, Years = values.Years }
end

M.count = { shape = { { "TotalCount", "integer" }, { "RequestId", "string" } } }

function M.count.run(context) return { TotalCount = #context.registry.authorities } end

-- The page of a list of all authorities for which accept(values) says yes.
local function list(context, parameters, pause, usual, accept)
  local asked, code, message = pages.page(parameters, usual)
  if not asked then return nil, code, message end
  local all = {}
  for _, authority in ipairs(context.registry.authorities) do
    local values = fields.authority(context.registry, authority, fields.ms)
    if accept(values) then all[#all + 1] = values end
    pause()
  end
  local values = { CertificateList = pages.cut(all, asked) }
  pages.set(values, asked, #all)
  return values
end

local CERT_TYPES = { root = "ROOT", subRoot = "SUB_ROOT", externalCa = "EXTERNAL" }
local CA_STATUSES = { issue = "ISSUE", forbidden = "FORBIDDEN", revoke = "REVOKE" }
local VALID = { valid = true, notValid = true }
local ISSUER_TYPES = { ["local"] = true, iTrusChina = true, external = true }

M.list = {
  shape = fields.paged("CertificateList", fields.shape("integer", {
    { "X509Certificate", "string" }, { "Years", "integer" }, { "ResourceGroupId", "string" },
  })),
}

function M.list.run(context, parameters, pause, now_s)
  local function given(name) return parameters[name] ~= "" and parameters[name] or nil end
  for name, words in pairs {
    CertType = CERT_TYPES, CaStatus = CA_STATUSES, ValidStatus = VALID, IssuerType = ISSUER_TYPES,
  } do
    if given(name) and not words[given(name)] then return nil, "InvalidParameter", name .. " is not valid." end
  end
  local wanted = {
    CertificateType = CERT_TYPES[given "CertType"], Status = CA_STATUSES[given "CaStatus"],
    IssuerType = given "IssuerType", Identifier = given "Identifier", ResourceGroupId = given "ResourceGroupId",
  }
  return list(context, parameters, pause, 20, function(values)
    for name, value in pairs(wanted) do
      if values[name] ~= value then return false end
    end
    local is_valid = not values.AfterDate or values.AfterDate > now_s * 1000
    return not given "ValidStatus" or is_valid == (given "ValidStatus" == "valid")
  end)
end

M.list_with_external = { shape = fields.paged("CertificateList", fields.shape("integer", IN_LIST)) }

function M.list_with_external.run(context, parameters, pause)
  local identifiers, word = parameters.Identifiers or "", (parameters.KeyWord or ""):lower()
  local function is_named(identifier)
    return identifiers == "" or ("," .. identifiers .. ","):find("," .. identifier .. ",", 1, true) ~= nil
  end
  return list(context, parameters, pause, 50, function(values)
    local text = ((values.CommonName or "") .. " " .. (values.Sans or "")):lower()
    return is_named(values.Identifier) and text:find(word, 1, true) ~= nil
  end)
end

M.list_by_token = {
  shape = {
    { "List", { list = {
      { "CertIdentifier", "string" }, { "IssuerIdentifier", "string" }, { "CommonName", "string" },
      { "PrivateCaInstanceId", "string" }, { "PrivateCaRegionId", "string" }, { "Status", "string" },
    } } },
    { "MaxResults", "integer" }, { "NextToken", "string" }, { "TotalCount", "integer" }, { "RequestId", "string" },
  },
}

function M.list_by_token.run(context, parameters, pause)
  local asked, code, message = pages.token(parameters, 20, 2000)
  if not asked then return nil, code, message end
  local registry, elements = context.registry, {}
  for i, authority in ipairs(pages.cut(registry.authorities, asked)) do
    local values = fields.authority(registry, authority, fields.ms)
    elements[i] = {
      CertIdentifier = values.Identifier, IssuerIdentifier = values.ParentIdentifier, CommonName = values.CommonName,
      PrivateCaInstanceId = authority:instance(), PrivateCaRegionId = fields.REGION, Status = values.Status,
    }
    pause()
  end
  local values = { List = elements }
  pages.set(values, asked, #registry.authorities)
  return values
end

return M
