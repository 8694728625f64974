--- The fields that the service's operations have in common: what each is called, and how times are written.
local json = require("cjson").new()
local times = require "certstat.times"

local M = {}

M.GROUP = "rg-certstat"
M.REGION = "cn-hangzhou"
M.CRL_DAYS = 30 -- for which a list of revocations is valid

--- The shape of an element with these fields of a certificate; `dates` is the kind of BeforeDate and AfterDate; more
-- fields of its own follow.
function M.shape(dates, more)
  local shape = {
    { "Identifier", "string" }, { "SerialNumber", "string" }, { "Status", "string" }, { "CertificateType", "string" },
    { "CommonName", "string" }, { "Organization", "string" }, { "OrganizationUnit", "string" },
    { "Locality", "string" }, { "State", "string" }, { "CountryCode", "string" }, { "SubjectDN", "string" },
    { "Sans", "string" }, { "BeforeDate", dates }, { "AfterDate", dates }, { "Algorithm", "string" },
    { "KeySize", "integer" }, { "SignAlgorithm", "string" }, { "Md5", "string" }, { "Sha2", "string" },
    { "ParentIdentifier", "string" },
  }
  for _, field in ipairs(more) do shape[#shape + 1] = field end
  return shape
end

--- Fields of a list that is cut into pages.
M.PAGED = {
  { "CurrentPage", "integer" }, { "PageCount", "integer" }, { "ShowSize", "integer" }, { "TotalCount", "integer" },
  { "RequestId", "string" },
}

--- paged(name, element) → the shape of such a list's reply.
function M.paged(name, element)
  local shape = { { name, { list = element } } }
  for _, field in ipairs(M.PAGED) do shape[#shape + 1] = field end
  return shape
end

--- Times, of seconds since 1970: milliseconds; 2021-01-01T08:30Z; the day alone, 2021-01-01T00:00Z; and
-- 2021-01-01 08:30:00.
function M.ms(seconds) return seconds * 1000 end
function M.minute(seconds) return times.iso(seconds):sub(1, 16) .. "Z" end
function M.day(seconds) return times.iso(seconds):sub(1, 10) .. "T00:00Z" end
function M.unzoned(seconds) return (times.iso(seconds):gsub("T", " "):gsub("Z", "")) end

-- Sans is a string that holds JSON
local function names_text(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = ('{"Type":%d,"Value":%s}'):format(name[1], json.encode(name[2]))
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- Puts what a certificate's file says into an element; `dates` writes a time.
local function set_described(out, described, dates)
  for name, value in pairs(described) do
    if name:find("^%u") and out[name] == nil then out[name] = value end
  end
  out.Sans = names_text(described.names)
  out.BeforeDate, out.AfterDate = dates(described.not_before), dates(described.not_after)
  out.Days = math.floor((described.not_after - described.not_before) / 86400 + 0.5)
  out.Years = math.floor(out.Days / 365)
  if described.Algorithm and described.KeySize then
    out.FullAlgorithm = ("%s_%d"):format(described.Algorithm, described.KeySize)
  end
end

--- certificate(found, dates) → the fields of a client or server certificate; and what its file says, nil where the file
-- is gone: then most fields are absent. found: {entry=, authority=}; dates: one of the functions above.
function M.certificate(found, dates)
  local entry, authority = found.entry, found.authority
  local out = {
    Id = authority:id_of(entry), Identifier = authority:identifier_of(entry), SerialNumber = entry.key,
    Status = entry.status == "R" and "REVOKE" or "ISSUE", ParentIdentifier = authority.identifier,
    ResourceGroupId = M.GROUP,
  }
  local described = authority:describe(entry)
  if described then set_described(out, described, dates) end
  return out, described
end

--- authority(registry, authority, dates) → the fields of an authority's own certificate.
function M.authority(registry, authority, dates)
  local issuer, own = registry:issuer(authority), authority.own
  local out = {
    Identifier = authority.identifier, Status = registry:is_revoked(authority) and "REVOKE" or "ISSUE",
    CertificateType = authority:is_root() and "ROOT" or "SUB_ROOT", ResourceGroupId = M.GROUP, IssuerType = "local",
    ParentIdentifier = issuer and issuer.identifier, SerialNumber = authority.own_key,
  }
  if own then set_described(out, own, dates) end
  return out
end

return M
