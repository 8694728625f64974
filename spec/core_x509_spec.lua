-- The certificates are made by spec/c/x509/x509_test.c's recipe; what OpenSSL itself reads of them is tested there.
local core = require "certstat.core"

local function pem(base64)
  return "-----BEGIN CERTIFICATE-----\n" .. base64 .. "\n-----END CERTIFICATE-----\n"
end

local LEAF = pem [[
MIH4MIGroAMCAQICEghL3pzSM/DdrjOtxDjPu70SNDAFBgMrZXAwETEPMA0GA1UE
AwwGc3ViLUNBMCIYDzE5NTAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMCYx
DTALBgNVBAoMBEFjbWUxFTATBgNVBAMMDGxlYWYsIOivgeS5pjAqMAUGAytlcAMh
AM7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8MAUGAytlcANBAHnhAM9V
bcnEXoELSpxt6WoMV38M8KTVNxQk+na1s6YSqUDl5PXMaAK5es8eC1jSXjc8BZ8h
2SsfyT8WmuVyyAM=]]

local NEGATIVE = pem [[
MIHLMH+gAwIBAgIBgDAFBgMrZXAwETEPMA0GA1UEAwwGc3ViLUNBMB4XDTI2MDEw
MTAwMDAwMFoXDTM2MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEbGVhZjAqMAUGAytl
cAMhAM7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8MAUGAytlcANBAJFq
fR1Z5Dl7fXpgoES8nnUS9UGBkJ9ANi+qB+LmlBojiuNooAPyLz3SY5a99EdUQw7c
ARIaIwi01n5sRSd76QE=]]

local ZERO = pem [[
MIHLMH+gAwIBAgIBADAFBgMrZXAwETEPMA0GA1UEAwwGc3ViLUNBMB4XDTI2MDEw
MTAwMDAwMFoXDTM2MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEbGVhZjAqMAUGAytl
cAMhAM7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8MAUGAytlcANBAATS
Oc5KDEEnihAOBczu5EPgQyJpdFODg/wAC9NCAwt+d+TdfeB3NznUrkwcklv84Vu2
Amnd6yvqZvOPdnjqegk=]]

-- its serial number begins with the sign byte 00
local DER = ([[
  3081ce308181a003020102020300b67e300506032b65703011310f300d06035504030c067375622d4341301e170d323630313031303030
  3030305a170d3336303130313030303030305a300f310d300b06035504030c046c656166302a300506032b6570032100cecc1507dc1ddd
  7295951c290888f095adb9044d1b73d696e6df065d683bd4fc300506032b657003410089ffb42dfcf32ae96a3c0af8971c1b727699e7d5
  e7227af346aaa51083fcfaece63232bde4fe8d5728331e2718c90a00da66e9f962209d57881edb2083a5ba08
]]):gsub("%s", ""):gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)

describe("core.certificates", function()
  it("reads PEM", function()
    assert.same({ {
      serial = "084bde9cd233f0ddae33adc438cfbbbd1234", subject = "CN=leaf\\, 证书,O=Acme", issuer = "CN=sub-CA",
      not_before = -631152000, not_after = 4102444800,
    } }, core.certificates(LEAF))
  end)

  it("reads DER", function()
    local found = core.certificates(DER)
    assert.equal(1, #found)
    assert.equal("b67e", found[1].serial)
    assert.equal(1767225600, found[1].not_before)
  end)

  it("gives serials that core.serial reads, or refuses where they are none", function()
    local found = core.certificates(LEAF .. NEGATIVE .. ZERO)
    assert.equal("084bde9cd233f0ddae33adc438cfbbbd1234", core.serial(found[1].serial))
    assert.equal("-80", found[2].serial)
    assert.is_nil((core.serial(found[2].serial)))
    assert.equal("00", found[3].serial)
    assert.is_nil((core.serial(found[3].serial)))
  end)

  it("keeps the place of a damaged certificate among good ones", function()
    local found = core.certificates(LEAF .. pem("MII?") .. LEAF)
    assert.equal(3, #found)
    assert.same({ error = ("expected a certificate, found damaged base64 at byte %d"):format(#LEAF + 31) }, found[2])
    assert.equal(found[1].serial, found[3].serial)
  end)

  it("fails where no certificate is good", function()
    local rows = {
      { "", "expected a certificate, found none in 0 bytes" },
      { "-----BEGIN PRIVATE KEY-----\nQ0FOQVJZ\n-----END PRIVATE KEY-----\n",
        "expected a certificate, found -----BEGIN PRIVATE KEY----- at byte 0" },
      { pem("MII?") .. pem("?"), "expected a certificate, found damaged base64 at byte 31" },
      { DER .. "x", "expected a certificate, found further bytes behind it at byte 209" },
    }
    for _, row in ipairs(rows) do
      local found, message, info = core.certificates(row[1])
      assert.is_nil(found)
      assert.equal(row[2], message)
      assert.same({ class = "protocol" }, info)
    end
  end)

  it("raises on misuse", function()
    assert.error_matches(function() core.certificates() end, "string expected, got no value")
  end)
end)

describe("core.describe_certificate", function()
  it("has all that the first certificate says", function()
    local found = core.describe_certificate(LEAF .. ZERO)
    assert.same({
      serial = "084bde9cd233f0ddae33adc438cfbbbd1234", subject = "CN=leaf\\, 证书,O=Acme", issuer = "CN=sub-CA",
      not_before = -631152000, not_after = 4102444800, names = {}, uses = {}, is_authority = false,
      subject_parts = { { "2.5.4.10", "Acme" }, { "2.5.4.3", "leaf, 证书" } }, key_algorithm = "1.3.101.112",
      key_bits = found.key_bits, signature_algorithm = "1.3.101.112", md5 = found.md5, sha256 = found.sha256,
      pem = LEAF,
    }, found)
    assert.is_truthy(found.md5:find("^%x+$") and #found.md5 == 32)
    assert.is_truthy(found.sha256:find("^%x+$") and #found.sha256 == 64)
  end)

  it("has names, uses and the curve of a key", function()
    local file = assert(io.open("spec/emulator/rsa.pem"))
    local found = core.describe_certificate(file:read("*a"))
    file:close()
    assert.same({ 1, "a@b.example" }, found.names[1])
    assert.same({ 7, "\127\0\0\1" }, found.names[4])
    assert.same({ "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1" }, found.uses)
    assert.equal(2047, found.key_bits)
    assert.is_nil(found.key_curve)
    file = assert(io.open("spec/emulator/ec.pem"))
    assert.equal("1.3.132.0.34", core.describe_certificate(file:read("*a")).key_curve)
    file:close()
  end)

  it("fails where there is none", function()
    local found, message, info = core.describe_certificate("")
    assert.is_nil(found)
    assert.equal("expected a certificate, found none in 0 bytes", message)
    assert.same({ class = "protocol" }, info)
  end)
end)
