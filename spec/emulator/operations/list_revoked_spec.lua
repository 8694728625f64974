local authorities = require "spec.emulator.authorities"
local list_revoked = require "certstat.emulator.operations.list_revoked"

describe("ListRevokeCertificate", function()
  it("tells the revoked ones alone, times as days in strings", function()
    local values = authorities.run(list_revoked, {})
    assert.equal("c2", authorities.column(values.CertificateList, "SerialNumber"))
    local one = values.CertificateList[1]
    assert.same({ "2020-09-13T00:00Z", "2021-09-13T00:00Z", "2020-09-23T00:00Z", "REVOKE" },
      { one.BeforeDate, one.AfterDate, one.RevokeDate, one.Status })
    assert.same({ 1, 1, 20, 1 }, { values.CurrentPage, values.PageCount, values.ShowSize, values.TotalCount })
  end)

  it("goes page by page", function()
    assert.same({}, authorities.run(list_revoked, { CurrentPage = "2" }).CertificateList)
    assert.same({ nil, "InvalidParameter", "ShowSize is not valid: 1 to 1000." },
      { authorities.run(list_revoked, { ShowSize = "0" }) })
  end)
end)
