local list = require "certstat.emulator.operations.list"

local described = {
  CertificateType = "SERVER", CommonName = "host", SubjectDN = "CN=host", Algorithm = "ECC", KeySize = 256,
  SignAlgorithm = "SHA256WITHECDSA", names = { { 2, 'a"b' }, { 7, "127.0.0.1" } }, not_before = 1000,
  not_after = 1000 + 365 * 86400, Md5 = "md5", Sha2 = "sha", X509Certificate = "PEM",
}
local authority = {
  identifier = "ca",
  id_of = function(_, entry) return 1e9 + entry.position end,
  identifier_of = function(_, entry) return "ca-" .. entry.key end,
  describe = function(_, entry) if entry.key ~= "gone" then return described end end,
}

local function found(position, key, status)
  return { entry = { position = position, key = key, status = status }, authority = authority }
end

local asked
local registry = {
  page = function(_, first, size)
    asked = { first, size }
    return { found(1, "b67e", "V"), found(2, "gone", "R") }, 45
  end,
  find_identifier = function(_, identifier) if identifier == "ca-b67e" then return found(1, "b67e", "E") end end,
}
local context = { registry = registry }

local function run(parameters) return list.run(context, parameters, function() end) end

describe("ListClientCertificate", function()
  it("tells all there is to tell, times in milliseconds", function()
    local values = run { CurrentPage = "2", ShowSize = "20" }
    assert.same({ 21, 20 }, asked)
    assert.same({
      Id = 1000000001, Identifier = "ca-b67e", SerialNumber = "b67e", Status = "ISSUE", ParentIdentifier = "ca",
      ResourceGroupId = "rg-certstat", CertificateType = "SERVER", CommonName = "host", SubjectDN = "CN=host",
      Algorithm = "ECC", KeySize = 256, SignAlgorithm = "SHA256WITHECDSA",
      Sans = '[{"Type":2,"Value":"a\\"b"},{"Type":7,"Value":"127.0.0.1"}]', BeforeDate = 1000000,
      AfterDate = 1000000 + 365 * 86400000, Days = 365, Md5 = "md5", Sha2 = "sha",
      X509Certificate = "PEM",
    }, values.CertificateList[1])
    assert.equal(2, values.CurrentPage)
    assert.equal(20, values.ShowSize)
    assert.equal(45, values.TotalCount)
    assert.equal(3, values.PageCount)
  end)

  it("tells what the database alone knows of a certificate whose file is gone", function()
    assert.same({
      Id = 1000000002, Identifier = "ca-gone", SerialNumber = "gone", Status = "REVOKE", ParentIdentifier = "ca",
      ResourceGroupId = "rg-certstat",
    }, run({}).CertificateList[2])
    assert.same({ 1, 20 }, asked)
  end)

  it("finds by Identifier", function()
    local values = run { Identifier = "ca-b67e" }
    assert.equal("b67e", values.CertificateList[1].SerialNumber)
    assert.equal("ISSUE", values.CertificateList[1].Status)
    assert.same({ 1, 1 }, { values.TotalCount, values.PageCount })
    values = run { Identifier = "ca-b67e", CurrentPage = "2" }
    assert.same({ 0, 1 }, { #values.CertificateList, values.TotalCount })
    values = run { Identifier = "ca-ff" }
    assert.same({ 0, 0, 0 }, { #values.CertificateList, values.TotalCount, values.PageCount })
  end)

  it("knows one resource group", function()
    assert.equal(2, #run({ ResourceGroupId = "rg-certstat" }).CertificateList)
    assert.equal(0, run({ ResourceGroupId = "rg-other" }).TotalCount)
  end)

  for _, text in ipairs { "0", "-1", "1.5", "x", " 1", "1e1", "9999999999" } do
    it(("refuses CurrentPage '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "CurrentPage is not valid." }, { run { CurrentPage = text } })
    end)
  end

  for _, text in ipairs { "0", "1001", "x" } do
    it(("refuses ShowSize '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "ShowSize is not valid: 1 to 1000." }, { run { ShowSize = text } })
    end)
  end
end)
