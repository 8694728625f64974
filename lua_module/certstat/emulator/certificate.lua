--- What the service tells of a certificate, read from its PEM: names, key, dates, extensions.
local asn1_time = require "certstat.emulator.asn1_time"
local base64 = require "certstat.emulator.base64"
local core = require "certstat.core"
local der = require "certstat.emulator.der"

local M = {}

local SEQUENCE, SET, OID, BOOLEAN = 0x30, 0x31, 0x06, 0x01
local VERSION, EXTENSIONS = 0xa0, 0xa3

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

local RSA_KEY, EC_KEY = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
local CURVE = {
  ["1.2.840.10045.3.1.7"] = { "ECC", 256 }, ["1.3.132.0.34"] = { "ECC", 384 },
  ["1.3.132.0.35"] = { "ECC", 521 }, ["1.2.156.10197.1.301"] = { "SM2", 256 },
}

local SUBJECT_ALT_NAME, EXTENDED_KEY_USAGE = "2.5.29.17", "2.5.29.37"
local SERVER_AUTH = "1.3.6.1.5.5.7.3.1"

-- GeneralName's context tags (RFC 5280 4.2.1.6) are the service's `Type`
local GENERAL_NAME = { [0x81] = 1, [0x82] = 2, [0x86] = 6, [0x87] = 7 }

local function expect(element, tag, what)
  if not element or element.tag ~= tag then error("no " .. what, 0) end
  return element
end

local function children(bytes, element) return der.elements(bytes, element.first, element.last) end

local function read_subject(bytes, name, out)
  local parts = {}
  for _, set in ipairs(children(bytes, name)) do
    expect(set, SET, "relative name")
    for _, pair in ipairs(children(bytes, set)) do
      local type_and_value = children(bytes, pair)
      local oid = der.oid(bytes, expect(type_and_value[1], OID, "name type"))
      local value = core.printable(der.content(bytes, type_and_value[2]))
      local known = SUBJECT[oid]
      if known then out[known[1]] = value end
      parts[#parts + 1] = (known and known[2] or oid) .. "=" .. value
    end
  end
  out.SubjectDN = table.concat(parts, ",")
end

local function read_key(bytes, info, out)
  local algorithm, key = children(bytes, children(bytes, info)[1]), children(bytes, info)[2]
  local oid = der.oid(bytes, expect(algorithm[1], OID, "key algorithm"))
  if oid == EC_KEY and algorithm[2] and algorithm[2].tag == OID then
    local curve = CURVE[der.oid(bytes, algorithm[2])] or {}
    out.Algorithm, out.KeySize = curve[1] or "ECC", curve[2]
  elseif oid == RSA_KEY then
    -- a BIT STRING, whose first content byte counts unused bits, holds SEQUENCE { modulus, exponent }
    local modulus = children(bytes, der.elements(bytes, key.first + 1, key.last)[1])[1]
    local digits = der.content(bytes, modulus):gsub("^%z+", "")
    local top, bits = digits:byte(1), #digits * 8
    while top < 128 do top, bits = top * 2, bits - 1 end
    out.Algorithm, out.KeySize = "RSA", bits
  end
end

local function ip_text(octets)
  local parts = {}
  if #octets == 4 then return ("%d.%d.%d.%d"):format(octets:byte(1, 4)) end
  for high, low in octets:gmatch("(.)(.)") do
    parts[#parts + 1] = ("%x"):format(high:byte() * 256 + low:byte())
  end
  return table.concat(parts, ":")
end

local function read_names(bytes, sequence, out)
  for _, name in ipairs(children(bytes, sequence)) do
    local kind, value = GENERAL_NAME[name.tag], der.content(bytes, name)
    if kind then out.names[#out.names + 1] = { kind, kind == 7 and ip_text(value) or core.printable(value) } end
  end
end

local function read_extensions(bytes, wrapper, out)
  for _, extension in ipairs(children(bytes, children(bytes, wrapper)[1])) do
    local parts = children(bytes, extension)
    local oid = der.oid(bytes, expect(parts[1], OID, "extension"))
    local octets = parts[2].tag == BOOLEAN and parts[3] or parts[2]
    if oid == SUBJECT_ALT_NAME then
      read_names(bytes, children(bytes, octets)[1], out)
    elseif oid == EXTENDED_KEY_USAGE then
      for _, use in ipairs(children(bytes, children(bytes, octets)[1])) do
        if der.oid(bytes, use) == SERVER_AUTH then out.CertificateType = "SERVER" end
      end
    end
  end
end

local function read_certificate(bytes)
  local whole = expect(der.elements(bytes, 1, #bytes)[1], SEQUENCE, "certificate")
  local parts = children(bytes, whole)
  local fields = children(bytes, expect(parts[1], SEQUENCE, "certificate body"))
  if fields[1].tag == VERSION then table.remove(fields, 1) end
  -- serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, … (RFC 5280 4.1)
  local out = { CertificateType = "CLIENT", names = {} }
  out.key = core.serial(der.content(bytes, fields[1]), "binary")
  local oid = der.oid(bytes, expect(children(bytes, parts[2])[1], OID, "signature algorithm"))
  out.SignAlgorithm = SIGNATURE[oid] or oid
  local dates = children(bytes, expect(fields[4], SEQUENCE, "validity"))
  out.not_before = asn1_time.seconds(der.content(bytes, dates[1]))
  out.not_after = asn1_time.seconds(der.content(bytes, dates[2]))
  read_subject(bytes, expect(fields[5], SEQUENCE, "subject"), out)
  read_key(bytes, expect(fields[6], SEQUENCE, "key"), out)
  for i = 7, #fields do
    if fields[i].tag == EXTENSIONS then read_extensions(bytes, fields[i], out) end
  end
  return out
end

--- describe(pem) → a table of the service's fields (CommonName … SubjectDN, CertificateType, Algorithm,
-- KeySize, SignAlgorithm) with `key` (its serial), `names` ({type, value} of each alternative name),
-- `not_before` and `not_after` (seconds since 1970), `der` and `pem` (its own block alone); or nil, message
-- where it holds no certificate that can be read.
function M.describe(pem)
  local block, text = pem:match("(%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-(.-)%-%-%-%-%-END CERTIFICATE%-%-%-%-%-)")
  local bytes = text and base64.decode(text)
  if not bytes then return nil, "expected a PEM certificate" end
  local ok, found = pcall(read_certificate, bytes)
  if not ok then return nil, "certificate: " .. tostring(found) end
  found.der, found.pem = bytes, block .. "\n"
  return found
end

return M
