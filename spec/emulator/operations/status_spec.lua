local authorities = require "spec.emulator.authorities"
local encode = require "certstat.emulator.encode"
local status = require "certstat.emulator.operations.status"
local switches = require "certstat.emulator.switches"

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
    local time = element.RevokeTime
    if time == encode.null then time = "null" end
    if type(time) == "number" then time = ("%.0f"):format(time) end
    found[i] = ("%s=%s@%s"):format(element.SerialNumber or "", element.Status, time or "")
  end
  return table.concat(found, " ")
end

-- changes: of the switches
local function with(changes)
  local settings = switches.usual()
  for name, value in pairs(changes or {}) do settings[name] = value end
  return settings
end

local function run(list, changes)
  local context = { registry = registry, switches = with(changes) }
  return shown(status.of_serials.run(context, { SerialNumber = list }, function() end))
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

describe("the switches of a status", function()
  local LIST = "084bde,b67e53eb,ff"
  for _, case in ipairs {
    { "revoke-time", "seconds", "084bde=revoked@1795493890 b67e53eb=good@0 ff=unknown@0" },
    { "revoke-time", "digits", "084bde=revoked@1795493890000 b67e53eb=good@0 ff=unknown@0" },
    { "revoke-time", "date", "084bde=revoked@2026-11-24T04:18 b67e53eb=good@0 ff=unknown@0" },
    { "revoke-time", "zoned-date", "084bde=revoked@2026-11-24T04:18Z b67e53eb=good@0 ff=unknown@0" },
    { "no-revoke-time", "absent", "084bde=revoked@1795493890000 b67e53eb=good@ ff=unknown@" },
    { "no-revoke-time", "null", "084bde=revoked@1795493890000 b67e53eb=good@null ff=unknown@null" },
    { "strangers", "absent", "084bde=revoked@1795493890000 b67e53eb=good@0" },
    { "order", "reversed", "ff=unknown@0 b67e53eb=good@0 084bde=revoked@1795493890000" },
  } do
    it(("has %s=%s"):format(case[1], case[2]), function()
      assert.equal(case[3], run(LIST, { [case[1]] = case[2] }))
    end)
  end

  it("gives numbers and strings as they are", function()
    local context = { registry = registry, switches = with { ["revoke-time"] = "digits" } }
    local values = status.of_serials.run(context, { SerialNumber = LIST }, function() end)
    assert.same({ "1795493890000", 0 },
      { values.CertificateStatus[1].RevokeTime, values.CertificateStatus[2].RevokeTime })
  end)

  it("reverses any number of answers", function()
    assert.equal("62b2=good@0", run("62b2", { order = "reversed" }))
    assert.equal("62b2=good@0 ff=unknown@0", run("ff,62b2", { order = "reversed" }))
  end)

  it("says what strangers are", function()
    assert.same({ nil, "NotFound", "SerialNumber: one of them is not known." },
      { run(LIST, { strangers = "refused" }) })
    assert.equal("62b2=good@0", run("62b2", { strangers = "refused" }))
  end)

  it("says what one does that is no serial", function()
    assert.equal("62b2=good@0 xyz=unknown@0 =unknown@0", run("62b2,xyz,", { malformed = "unknown" }))
    assert.equal("62b2=good@0", run("xyz,62b2,", { malformed = "absent" }))
    assert.same({ nil, "InvalidParameter", "SerialNumber: one of them is not valid." },
      { run("62b2,xyz", { strangers = "absent" }) })
  end)

  it("says which serials find a certificate", function()
    local any = { ["serial-input"] = "any" }
    assert.equal("084bde=revoked@1795493890000 084bde=revoked@1795493890000 b67e53eb=good@0",
      run("08:4B:DE,84bde,00b67e53eb", any))
    assert.equal("62b2=good@0 62B3=unknown@0", run("62B2,62B3", any))
    assert.equal("62b2=good@0 62B2=unknown@0", run("62b2,62B2", { ["serial-form"] = "minimal" }))
    assert.equal("084bde=revoked@1795493890000 084bde=revoked@1795493890000",
      run("84bde,084bde", { ["serial-form"] = "minimal" }))
  end)
end)

describe("DescribeClientCertificateStatus", function()
  local function by_identifier(list, changes)
    return shown(authorities.run(status.of_identifiers, { Identifier = list }, { switches = with(changes) }))
  end

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

  it("has the switches of the other", function()
    assert.equal("c1=good@0", by_identifier("sub-c1,none", { strangers = "absent" }))
    assert.equal("c2=revoked@2020-09-23T12:26 c1=good@0",
      by_identifier("sub-c1,sub-c2", { order = "reversed", ["revoke-time"] = "date" }))
  end)
end)
