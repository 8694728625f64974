local certificate = require "certstat.emulator.certificate"
local files = require "spec.emulator.files"

describe("certificate.describe", function()
  it("reads an RSA server certificate, every alternative name, text around the block", function()
    local found = assert(certificate.describe(files.read "spec/emulator/rsa.pem"))
    assert.equal("b67e53ebcea9", found.key)
    assert.equal("SERVER", found.CertificateType)
    assert.equal("host.example", found.CommonName)
    assert.equal("Example, Inc", found.Organization)
    assert.equal("Edge", found.OrganizationUnit)
    assert.equal("Hangzhou", found.Locality)
    assert.equal("Zhejiang", found.State)
    assert.equal("CN", found.CountryCode)
    assert.equal("C=CN,ST=Zhejiang,L=Hangzhou,O=Example, Inc,OU=Edge,CN=host.example,"
      .. "1.2.840.113549.1.9.1=a@b.example", found.SubjectDN)
    assert.equal("RSA", found.Algorithm)
    assert.equal(2047, found.KeySize)
    assert.equal("SHA256WITHRSA", found.SignAlgorithm)
    assert.same({
      { 1, "a@b.example" }, { 2, "host.example" }, { 6, "spiffe://b.example/x" }, { 7, "127.0.0.1" },
      { 7, "2001:db8:0:0:0:0:0:1" },
    }, found.names)
    assert.equal(1795496339, found.not_before)
    assert.equal(2110856339, found.not_after)
    assert.equal("54341c1cbca0ddd7aa979d4541de9cd5", found.Md5)
    assert.equal("062ed02e7f6fbf6e168d21777a8f45087cbafad7e08e4bf68d4b5e67276a2d50", found.Sha2)
    assert.equal(1, found.X509Certificate:find("-----BEGIN CERTIFICATE-----\n", 1, true))
    assert.is_truthy(found.X509Certificate:find("\n-----END CERTIFICATE-----\n$"))
  end)

  it("reads an EC certificate without extensions: a client's", function()
    local found = assert(certificate.describe(files.read "spec/emulator/ec.pem"))
    assert.equal("01", found.key)
    assert.equal("CLIENT", found.CertificateType)
    assert.equal("CN=device", found.SubjectDN)
    assert.is_nil(found.Organization)
    assert.equal("ECC", found.Algorithm)
    assert.equal(384, found.KeySize)
    assert.equal("SHA384WITHECDSA", found.SignAlgorithm)
    assert.same({}, found.names)
  end)

  it("says who signed it", function()
    local found = assert(certificate.describe(files.read "spec/emulator/ec.pem"))
    assert.same({ "CN=device", "CN=device" }, { found.subject, found.issuer })
  end)

  it("refuses what is no certificate", function()
    local found, message = certificate.describe("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----")
    assert.is_nil(found)
    assert.equal("expected a certificate, found -----BEGIN PRIVATE KEY----- at byte 0", message)
  end)
end)
