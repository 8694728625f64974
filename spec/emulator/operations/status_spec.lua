local status = require "certstat.emulator.operations.status"

local entries = {
  ["b67e53eb"] = { { status = "V" } },
  ["084bde"] = { { status = "R", revoked = 1795493890 } },
  ["62b2"] = { { status = "E" } },
  ["70e3"] = { { status = "V" }, { status = "R", revoked = 1 } },
}
local registry = { find = function(_, key) return entries[key] or {} end }

local function run(list, most)
  local values, code, message = status.run({ registry = registry, max_serials = most }, { SerialNumber = list },
    function() end)
  if not values then return nil, code, message end
  local found = {}
  for i, element in ipairs(values.CertificateStatus) do
    found[i] = ("%s=%s@%.0f"):format(element.SerialNumber, element.Status, element.RevokeTime)
  end
  return table.concat(found, " ")
end

describe("DescribeClientCertificateStatusForSerialNumber", function()
  for list, expected in pairs {
    ["b67e53eb"] = "b67e53eb=good@0",
    ["084bde,b67e53eb,62b2,ff"] = "084bde=revoked@1795493890000 b67e53eb=good@0 62b2=good@0 ff=unknown@0",
    ["ff,ff"] = "ff=unknown@0 ff=unknown@0",
    ["70e3"] = "70e3=good@0 70e3=revoked@1000",
    -- only the service's own form finds a certificate
    ["084BDE,84bde,00b67e53eb"] = "084BDE=unknown@0 84bde=unknown@0 00b67e53eb=unknown@0",
  } do
    it("answers " .. list, function() assert.equal(expected, run(list)) end)
  end

  it("wants a serial number", function()
    assert.same({ nil, "MissingSerialNumber" }, { run(nil) })
    assert.same({ nil, "MissingSerialNumber" }, { run("") })
  end)

  for _, list in ipairs { "xyz", "084bde,", ",084bde", "084bde,,ff", "08:4b", "0x08", " ff", "ff, ff" } do
    it(("refuses '%s'"):format(list), function()
      assert.same({ nil, "InvalidParameter", "SerialNumber: a serial number is not valid." }, { run(list) })
    end)
  end

  it("refuses more than it is told to take", function()
    assert.equal("ff=unknown@0 ff=unknown@0", run("ff,ff", 2))
    assert.same({ nil, "InvalidParameter", "SerialNumber: at most 2 serial numbers in one request." },
      { run("ff,ff,ff", 2) })
  end)
end)
