local authorities = require "spec.emulator.authorities"
local status = require "certstat.emulator.operations.status"

local entries = {
  ["b67e53eb"] = { { key = "b67e53eb", status = "V" } },
  ["084bde"] = { { key = "084bde", status = "R", revoked = 1795493890 } },
  ["62b2"] = { { key = "62b2", status = "E" } },
  ["70e3"] = { { key = "70e3", status = "V" }, { key = "70e3", status = "R", revoked = 1 } },
}
local registry = {
  find = function(_, key)
    local found = {}
    for i, entry in ipairs(entries[key] or {}) do found[i] = { entry = entry } end
    return found
  end,
}

local function shown(values, code, message)
  if not values then return nil, code, message end
  local found = {}
  for i, element in ipairs(values.CertificateStatus) do
    found[i] = ("%s=%s@%.0f"):format(element.SerialNumber or "", element.Status, element.RevokeTime)
  end
  return table.concat(found, " ")
end

local function run(list)
  return shown(status.of_serials.run({ registry = registry }, { SerialNumber = list }, function() end))
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
      assert.same({ nil, "InvalidParameter", "SerialNumber: one of them is not valid." }, { run(list) })
    end)
  end
end)

describe("DescribeClientCertificateStatus", function()
  local function by_identifier(list) return shown(authorities.run(status.of_identifiers, { Identifier = list })) end

  for list, expected in pairs {
    ["sub-c1"] = "c1=good@0", ["root-a1,sub-c2,sub-c4"] = "a1=good@0 c2=revoked@1600864000000 c4=good@0",
    ["sub-ff"] = "=unknown@0", ["none,sub-c1"] = "=unknown@0 c1=good@0",
  } do
    it("answers " .. list, function() assert.equal(expected, by_identifier(list)) end)
  end

  it("wants Identifiers", function()
    assert.same({ nil, "MissingIdentifier" }, { by_identifier(nil) })
    for _, list in ipairs { "sub-c1,", "a b", "sub-c1,*" } do
      assert.same({ nil, "InvalidParameter", "Identifier: one of them is not valid." }, { by_identifier(list) })
    end
  end)
end)
