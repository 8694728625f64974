local authorities = require "spec.emulator.authorities"
local detail = require "certstat.emulator.operations.detail"

local function run(parameters) return authorities.run(detail, parameters) end

describe("DescribeClientCertificate", function()
  it("tells all about one, with its chain", function()
    local one = run({ Identifier = "sub-c1" }).Certificate
    assert.same({ "c1", "PEM\nSUB\nROOT\n", "ECC_256", 0, {}, 1600000000000 },
      { one.SerialNumber, one.CertChain, one.FullAlgorithm, one.UploadFlag, one.Tags, one.BeforeDate })
  end)

  it("tells what the database knows where the file is gone", function()
    local one = run({ Identifier = "sub-c3" }).Certificate
    assert.equal("c3", one.SerialNumber)
    assert.is_nil(one.CertChain)
  end)

  it("wants one that there is", function()
    assert.same({ nil, "MissingIdentifier" }, { run {} })
    assert.same({ nil, "NotFound", "Identifier: there is no such certificate." },
      { run { Identifier = "sub-ff" } })
  end)
end)
