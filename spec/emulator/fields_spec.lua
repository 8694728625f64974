local authorities = require "spec.emulator.authorities"
local fields = require "certstat.emulator.fields"

local SECONDS = 1609490105 -- 2021-01-01T08:35:05Z

describe("times", function()
  for name, expected in pairs {
    ms = 1609490105000, minute = "2021-01-01T08:35Z", day = "2021-01-01T00:00Z", unzoned = "2021-01-01 08:35:05",
  } do
    it("are written as " .. name, function() assert.equal(expected, fields[name](SECONDS)) end)
  end
end)

describe("the fields of a certificate", function()
  it("are what its file and the database say", function()
    local found, described = fields.certificate(authorities.registry():find_identifier("sub-c2"), fields.ms)
    assert.same({
      Id = 2002, Identifier = "sub-c2", SerialNumber = "c2", Status = "REVOKE", ParentIdentifier = "sub",
      ResourceGroupId = "rg-certstat", CertificateType = "SERVER", CommonName = "host", SubjectDN = "CN=host",
      Algorithm = "ECC", KeySize = 256, FullAlgorithm = "ECC_256", SignAlgorithm = "SHA256WITHECDSA",
      Sans = '[{"Type":2,"Value":"a\\"b"}]', BeforeDate = 1600000000000, AfterDate = 1631536000000, Days = 365,
      Years = 1, Md5 = "md5", Sha2 = "sha", X509Certificate = "PEM\n",
    }, found)
    assert.equal("host", described.CommonName)
  end)

  it("are few where the file is gone", function()
    local found, described = fields.certificate(authorities.registry():find_identifier("sub-c3"), fields.ms)
    assert.same({
      Id = 2003, Identifier = "sub-c3", SerialNumber = "c3", Status = "ISSUE", ParentIdentifier = "sub",
      ResourceGroupId = "rg-certstat",
    }, found)
    assert.is_nil(described)
  end)

  it("of an authority name its kind and who signed it", function()
    local registry = authorities.registry()
    local sub = fields.authority(registry, registry.authorities[2], fields.day)
    assert.same({ "SUB_ROOT", "root", "ISSUE", "5b", "Sub", "2020-09-13T00:00Z" },
      { sub.CertificateType, sub.ParentIdentifier, sub.Status, sub.SerialNumber, sub.CommonName, sub.BeforeDate })
    local root = fields.authority(registry, registry.authorities[1], fields.ms)
    assert.same({ "ROOT", "01" }, { root.CertificateType, root.SerialNumber })
    assert.is_nil(root.ParentIdentifier)
    registry.authorities[1].index:find("5b").status = "R"
    assert.equal("REVOKE", fields.authority(registry, registry.authorities[2], fields.ms).Status)
  end)
end)

describe("a shape", function()
  it("of a list has its pages", function()
    local shape = fields.paged("List", { { "A", "string" } })
    assert.same({ "List", { list = { { "A", "string" } } } }, shape[1])
    assert.same({ "RequestId", "string" }, shape[#shape])
    assert.equal(6, #shape)
  end)
end)
