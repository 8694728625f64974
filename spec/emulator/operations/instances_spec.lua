local authorities = require "spec.emulator.authorities"
local instances = require "certstat.emulator.operations.instances"

local function run(name, parameters) return authorities.run(instances[name], parameters or {}) end

describe("GetCAInstanceStatus", function()
  it("tells of each authority's instance", function()
    assert.same({
      InstanceId = "pca-sub", Identifier = "sub", Type = "SUB_ROOT", Status = "USED", CertIssuedCount = 4,
      CertTotalCount = 10004, BeforeTime = 1600000000000, AfterTime = 1915360000000, UseExpireTime = 1915360000000,
      Id = 2,
    }, run("status").InstanceStatusList[2])
  end)

  for _, case in ipairs {
    { {}, "root sub" }, { { Identifier = "sub" }, "sub" }, { { InstanceId = "pca-root" }, "root" },
    { { InstanceId = "pca-root", Identifier = "sub" }, "" },
  } do
    it(("finds %s %s"):format(case[1].Identifier or "", case[1].InstanceId or ""), function()
      assert.equal(case[2], authorities.column(run("status", case[1]).InstanceStatusList, "Identifier"))
    end)
  end
end)

describe("GetCaInstanceCrlAddress", function()
  it("tells where the list is, with a hash that a revocation changes", function()
    local values = run("crl_address", { CaIdentifier = "sub" })
    assert.same({
      CrlUrl = "file:///sub/crl.pem", HashCode = "0000000000000001", NextUpdateTime = "1605139200000",
      CaInstanceStatus = "normal", CaType = "SUB_ROOT",
    }, values)
    assert.equal("0000000000000000", run("crl_address", { Uuid = "root" }).HashCode)
  end)

  it("wants an authority that there is", function()
    assert.same({ nil, "MissingCaIdentifier" }, { run("crl_address") })
    assert.same({ nil, "NotFound", "CaIdentifier: there is no such authority." },
      { run("crl_address", { CaIdentifier = "x" }) })
  end)
end)

describe("ListAllEndEntityInstance", function()
  it("tells of instances by page, by token, and below one", function()
    local values = run("all", { ShowSize = "1", CurrentPage = "2" })
    assert.equal("sub", authorities.column(values.List, "Identifier"))
    assert.same({ 2, 2, 1, 2 }, { values.CurrentPage, values.PageCount, values.ShowSize, values.TotalCount })
    values = run("all", { MaxResults = "1" })
    assert.equal("root", authorities.column(values.List, "Identifier"))
    values = run("all", { MaxResults = "1", NextToken = values.NextToken })
    assert.equal("sub", authorities.column(values.List, "Identifier"))
    assert.is_nil(values.NextToken)
    assert.equal("sub", authorities.column(run("all", { ParentId = "1" }).List, "Identifier"))
    assert.equal("root", authorities.column(run("all", { ParentId = "0" }).List, "Identifier"))
    assert.same({ nil, "InvalidParameter", "NextToken is not valid." }, { run("all", { NextToken = "x" }) })
  end)
end)
