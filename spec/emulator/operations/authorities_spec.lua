local authorities = require "spec.emulator.authorities"
local operations = require "certstat.emulator.operations.authorities"

local function run(name, parameters) return authorities.run(operations[name], parameters or {}) end

describe("DescribeCACertificate", function()
  it("tells all about one authority", function()
    local values = run("one", { Identifier = "sub" })
    local one = values.Certificate
    assert.same({ "SUB_ROOT", "root", "ISSUE", "local", "SUB\nROOT\n", "ACTIVE", "file:///sub/crl.pem", 30 }, {
      one.CertificateType, one.ParentIdentifier, one.Status, one.IssuerType, one.CaCertChain, one.CrlStatus, one.CrlUrl,
      one.CrlDay,
    })
    assert.same({ 4, 10000, 10004 }, { one.CertIssuedCount, one.CertRemainingCount, one.CertTotalCount })
    assert.same({ 10, 10 }, { one.Years, values.Years })
    assert.equal(1, run("one", { Identifier = "root" }).Certificate.CertIssuedCount)
  end)

  it("wants one that there is", function()
    assert.same({ nil, "MissingIdentifier" }, { run("one") })
    assert.same({ nil, "NotFound", "Identifier: there is no such authority." },
      { run("one", { Identifier = "sub-c1" }) })
  end)
end)

describe("DescribeCACertificateCount", function()
  it("counts authorities", function() assert.same({ TotalCount = 2 }, run("count")) end)
end)

describe("DescribeCACertificateList", function()
  for _, case in ipairs {
    { {}, "root sub" }, { { CertType = "root" }, "root" }, { { CertType = "subRoot" }, "sub" },
    { { CertType = "externalCa" }, "" }, { { CaStatus = "issue" }, "root sub" }, { { CaStatus = "revoke" }, "" },
    { { IssuerType = "local" }, "root sub" }, { { IssuerType = "iTrusChina" }, "" },
    { { ValidStatus = "valid" }, "root sub" }, { { ValidStatus = "notValid" }, "" }, { { Identifier = "sub" }, "sub" },
    { { ResourceGroupId = "rg-certstat" }, "root sub" }, { { ResourceGroupId = "rg-other" }, "" },
    { { ShowSize = "1", CurrentPage = "2" }, "sub" },
  } do
    local name, value = next(case[1])
    it(("finds %s %s"):format(name or "all", value or ""), function()
      assert.equal(case[2], authorities.column(run("list", case[1]).CertificateList, "Identifier"))
    end)
  end

  for _, name in ipairs { "CertType", "CaStatus", "IssuerType", "ValidStatus" } do
    it("refuses an unknown " .. name, function()
      assert.same({ nil, "InvalidParameter", name .. " is not valid." }, { run("list", { [name] = "x" }) })
    end)
  end

  it("has pages", function()
    local values = run("list", { ShowSize = "1" })
    assert.same({ 1, 2, 1, 2 }, { values.CurrentPage, values.PageCount, values.ShowSize, values.TotalCount })
    assert.same({ nil, "InvalidParameter", "CurrentPage is not valid." }, { run("list", { CurrentPage = "x" }) })
  end)
end)

describe("DescribePcaAndExternalCACertificateList", function()
  for _, case in ipairs {
    { {}, "root sub" }, { { Identifiers = "sub,none" }, "sub" }, { { Identifiers = "su" }, "" },
    { { KeyWord = "roo" }, "root" }, { { KeyWord = 'a\\"B' }, "root sub" }, { { KeyWord = "none" }, "" },
  } do
    local name, value = next(case[1])
    it(("finds %s %s"):format(name or "all", value or ""), function()
      assert.equal(case[2], authorities.column(run("list_with_external", case[1]).CertificateList, "Identifier"))
    end)
  end

  it("has fifty on a page", function() assert.equal(50, run("list_with_external").ShowSize) end)
end)

describe("ListPcaCaCertificate", function()
  it("goes by token", function()
    local values = run("list_by_token", { MaxResults = "1" })
    assert.same({
      CertIdentifier = "root", CommonName = "Root", PrivateCaInstanceId = "pca-root",
      PrivateCaRegionId = "cn-hangzhou", Status = "ISSUE",
    }, values.List[1])
    assert.same({ 1, 2 }, { values.MaxResults, values.TotalCount })
    values = run("list_by_token", { MaxResults = "1", NextToken = values.NextToken })
    assert.same({ "sub", "root" }, { values.List[1].CertIdentifier, values.List[1].IssuerIdentifier })
    assert.is_nil(values.NextToken)
    assert.same({ nil, "InvalidParameter", "MaxResults is not valid: 1 to 2000." },
      { run("list_by_token", { MaxResults = "2001" }) })
  end)
end)
