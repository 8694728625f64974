--- What the service tells of a certificate, in its own words.
local core = require "certstat.core"

local M = {}

-- the service's name and the short name of SubjectDN (RFC 4519) of each part of a subject
local SUBJECT = {
  ["2.5.4.3"] = { "CommonName", "CN" }, ["2.5.4.6"] = { "CountryCode", "C" },
  ["2.5.4.7"] = { "Locality", "L" }, ["2.5.4.8"] = { "State", "ST" },
  ["2.5.4.10"] = { "Organization", "O" }, ["2.5.4.11"] = { "OrganizationUnit", "OU" },
}

-- RFC 8017 A.2.4, RFC 5758 3.2, GM/T 0006
local SIGNATURE = {
  ["1.2.840.113549.1.1.11"] = "SHA256WITHRSA", ["1.2.840.113549.1.1.12"] = "SHA384WITHRSA",
  ["1.2.840.113549.1.1.13"] = "SHA512WITHRSA", ["1.2.840.10045.4.3.2"] = "SHA256WITHECDSA",
  ["1.2.840.10045.4.3.3"] = "SHA384WITHECDSA", ["1.2.840.10045.4.3.4"] = "SHA512WITHECDSA",
  ["1.2.156.10197.1.501"] = "SM3WITHSM2",
}

local KEY = { ["1.2.840.113549.1.1.1"] = "RSA", ["1.2.840.10045.2.1"] = "ECC" }
local SM2_CURVE = "1.2.156.10197.1.301"
local SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
local IP = 7

local function set_subject(out, parts)
  local texts = {}
  for i, part in ipairs(parts) do
    local known, value = SUBJECT[part[1]], core.printable(part[2])
    if known then out[known[1]] = value end
    texts[i] = (known and known[2] or part[1]) .. "=" .. value
  end
  out.SubjectDN = table.concat(texts, ",")
end

local function ip_text(octets)
  local parts = {}
  if #octets == 4 then return ("%d.%d.%d.%d"):format(octets:byte(1, 4)) end
  for high, low in octets:gmatch("(.)(.)") do
    parts[#parts + 1] = ("%x"):format(high:byte() * 256 + low:byte())
  end
  return table.concat(parts, ":")
end

local function names_of(found)
  local names = {}
  for i, name in ipairs(found) do
    names[i] = { name[1], name[1] == IP and ip_text(name[2]) or core.printable(name[2]) }
  end
  return names
end

local function kind_of(uses)
  for _, use in ipairs(uses) do
    if use == SERVER_AUTH then return "SERVER" end
  end
  return "CLIENT"
end

--- describe(bytes) → a table of the service's fields (CommonName … SubjectDN, CertificateType, Algorithm, KeySize,
-- SignAlgorithm, Md5, Sha2, X509Certificate) with `key` (its serial), `names` ({type, value} of each alternative name,
-- the type as in Sans), `not_before` and `not_after` (seconds since 1970), `subject` and `issuer` (RFC 2253); or nil,
-- message where bytes, PEM or DER, hold no certificate that can be read.
function M.describe(bytes)
  local found, message = core.describe_certificate(bytes)
  if not found then return nil, message end
  local out = {
    key = core.serial(found.serial), names = names_of(found.names), not_before = found.not_before,
    not_after = found.not_after, subject = found.subject, issuer = found.issuer,
    CertificateType = kind_of(found.uses), Md5 = found.md5, Sha2 = found.sha256, X509Certificate = found.pem,
    Algorithm = found.key_curve == SM2_CURVE and "SM2" or KEY[found.key_algorithm],
    KeySize = found.key_bits > 0 and found.key_bits or nil,
    SignAlgorithm = SIGNATURE[found.signature_algorithm] or found.signature_algorithm,
  }
  set_subject(out, found.subject_parts)
  return out
end

return M
