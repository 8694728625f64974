local authorities = require "spec.emulator.authorities"
local list = require "certstat.emulator.operations.list"

local function run(parameters) return authorities.run(list, parameters) end
local function serials(parameters) return authorities.column(run(parameters).CertificateList, "SerialNumber") end

describe("ListClientCertificate", function()
  it("tells what there is, times in milliseconds, without authorities", function()
    local values = run {}
    assert.equal("a1 c1 c2 c3 c4", authorities.column(values.CertificateList, "SerialNumber"))
    assert.equal("ISSUE ISSUE REVOKE ISSUE ISSUE", authorities.column(values.CertificateList, "Status"))
    assert.equal(1600000000000, values.CertificateList[1].BeforeDate)
    assert.same({ 1, 1, 20, 5 }, { values.CurrentPage, values.PageCount, values.ShowSize, values.TotalCount })
  end)

  it("goes page by page", function()
    assert.equal("c2 c3", serials { CurrentPage = "2", ShowSize = "2" } )
    assert.equal("", serials { CurrentPage = "4", ShowSize = "2" })
    assert.same({ nil, "InvalidParameter", "CurrentPage is not valid." }, { run { CurrentPage = "0" } })
  end)

  it("finds by Identifier", function()
    assert.equal("c4", serials { Identifier = "sub-c4" })
    assert.same({ 1, 1 }, { run({ Identifier = "sub-c4" }).TotalCount, run({ Identifier = "sub-c4" }).PageCount })
    assert.equal("", serials { Identifier = "sub-c4", CurrentPage = "2" })
    assert.equal(0, run({ Identifier = "sub-ff" }).TotalCount)
  end)

  it("knows one resource group", function()
    assert.equal(5, run({ ResourceGroupId = "rg-certstat" }).TotalCount)
    assert.equal(0, run({ ResourceGroupId = "rg-other" }).TotalCount)
  end)
end)
