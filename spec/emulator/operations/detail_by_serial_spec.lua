local authorities = require "spec.emulator.authorities"
local detail_by_serial = require "certstat.emulator.operations.detail_by_serial"
local switches = require "certstat.emulator.switches"

local function run(parameters, changes) return authorities.run(detail_by_serial, parameters, changes) end

describe("DescribeClientCertificateForSerialNumber", function()
  it("tells of those it knows, times to the minute in strings, validity in years", function()
    local list = run({ SerialNumber = "c2,ff,c1" }).CertificateList
    assert.equal("c2 c1", authorities.column(list, "SerialNumber"))
    assert.same({ "2020-09-13T12:26Z", "2021-09-13T12:26Z", 1, "PEM\n" },
      { list[2].BeforeDate, list[2].AfterDate, list[2].Years, list[2].X509Certificate })
  end)

  it("finds a certificate by the forms that the switches say", function()
    local settings = switches.usual()
    assert.equal("", authorities.column(run({ SerialNumber = "C2,00c1" }).CertificateList, "SerialNumber"))
    settings["serial-input"] = "any"
    local list = run({ SerialNumber = "C2,00c1" }, { switches = settings }).CertificateList
    assert.equal("c2 c1", authorities.column(list, "SerialNumber"))
  end)

  it("wants serials, as many as the emulator takes", function()
    assert.same({ nil, "MissingSerialNumber" }, { run {} })
    assert.same({ nil, "InvalidParameter", "SerialNumber: at most 1 in one request." },
      { run({ SerialNumber = "c1,c2" }, { max_serials = 1 }) })
  end)
end)
