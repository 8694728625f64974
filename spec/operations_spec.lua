local operations = require "certstat.operations"
local times = require "certstat.times"

-- The read operations of version 2020-06-30.
local NAMES = {
  "DescribeCACertificate", "DescribeCACertificateCount", "DescribeCACertificateList", "DescribeClientCertificate",
  "DescribeClientCertificateForSerialNumber", "DescribeClientCertificateStatus",
  "DescribeClientCertificateStatusForSerialNumber", "DescribePcaAndExternalCACertificateList", "GetCAInstanceStatus",
  "GetCaInstanceCrlAddress", "ListAllEndEntityInstance", "ListCACertificateLog", "ListCert", "ListClientCertificate",
  "ListPcaCaCertificate", "ListRevokeCertificate", "ListTagResources",
}

-- an example of each shape of time, all of the same second
local EXAMPLES = {
  ms = 1609459200000, digits = "1609459200000", minute = "2021-01-01T00:00Z", ["local"] = "2021-01-01 00:00:00",
  mixed = 1609459200,
}

describe("operations", function()
  it("has every read operation and no other", function()
    local found = {}
    for name, operation in pairs(operations) do
      if type(operation) == "table" then found[#found + 1] = name end
    end
    table.sort(found)
    assert.same(NAMES, found)
    assert.equal("2020-06-30", operations.VERSION)
  end)

  for _, name in ipairs(NAMES) do
    it("describes " .. name, function()
      local operation = operations[name]
      for _, shape in pairs(operation.times) do
        assert.equal(1609459200, times.read(EXAMPLES[shape]))
      end
      assert.falsy(operation.list and operation.object)
      local paging = operation.paging
      if paging then
        assert.truthy(operation.list)
        assert.truthy(paging.size >= paging.default)
        local asked = paging.scheme == "page" and { "CurrentPage", "ShowSize" } or { "MaxResults", "NextToken" }
        for _, parameter in ipairs(asked) do
          assert.is_nil(operation.parameters[parameter].required)
        end
        assert.equal(paging.scheme == "token", paging.token ~= nil)
      else
        assert.is_nil(operation.parameters.CurrentPage)
        assert.is_nil(operation.parameters.NextToken)
      end
    end)
  end
end)

describe("operations.encode", function()
  it("leaves strings as they are", function()
    assert.same({ SerialNumber = "084bde,b67e" },
      operations.encode("DescribeClientCertificateStatusForSerialNumber", { SerialNumber = "084bde,b67e" }))
    assert.same({ Identifier = "" }, operations.encode("ListClientCertificate", { Identifier = "" }))
    assert.same({}, operations.encode("DescribeCACertificateCount", {}))
  end)

  it("writes whole numbers in decimal, on every Lua", function()
    local rows = {
      { 1, "1" }, { 50.0, "50" }, { 0, "0" }, { -0.0, "0" }, { -1, "-1" }, { 1e15, "1000000000000000" },
      { 9007199254740992, "9007199254740992" },
    }
    for _, row in ipairs(rows) do
      assert.same({ ParentId = row[2] }, operations.encode("ListAllEndEntityInstance", { ParentId = row[1] }))
    end
  end)

  it("flattens lists", function()
    assert.same({
      RegionId = "cn-hangzhou", ResourceType = "instance", ["ResourceId.1"] = "a", ["ResourceId.2"] = "b",
      ["Tag.1.Key"] = "k1", ["Tag.1.Value"] = "v1", ["Tag.2.Key"] = "k2",
    }, operations.encode("ListTagResources", {
      RegionId = "cn-hangzhou", ResourceType = "instance", ResourceId = { "a", "b" },
      Tag = { { Key = "k1", Value = "v1" }, { Key = "k2" } },
    }))
    assert.same({ RegionId = "r", ResourceType = "instance" }, operations.encode("ListTagResources",
      { RegionId = "r", ResourceType = "instance", ResourceId = {}, Tag = {} }))
  end)

  it("says what is wrong", function()
    local status, tags = "DescribeClientCertificateStatusForSerialNumber", "ListTagResources"
    local rows = {
      { "DeleteClientCertificate", {},
        "unknown operation DeleteClientCertificate: expected a read operation of cas 2020-06-30" },
      { "listcert", {}, "unknown operation listcert: expected a read operation of cas 2020-06-30" },
      { "encode", {}, "unknown operation encode: expected a read operation of cas 2020-06-30" },
      { "VERSION", {}, "unknown operation VERSION: expected a read operation of cas 2020-06-30" },
      { "a\n", {}, "unknown operation a\\x0A: expected a read operation of cas 2020-06-30" },
      { status, {}, status .. ": expected parameter SerialNumber, found none" },
      { status, { SerialNumber = "" }, status .. ": expected parameter SerialNumber, found none" },
      { status, { Serial = "1" }, status .. ": unknown parameter Serial, expected SerialNumber" },
      { status, { [1] = "1" }, status .. ": unknown parameter 1, expected SerialNumber" },
      { status, { SerialNumber = 12 }, status .. ": SerialNumber: expected a string, found a number" },
      { status, { SerialNumber = true }, status .. ": SerialNumber: expected a string, found a boolean" },
      { "DescribeCACertificateCount", { Identifier = "a" },
        "DescribeCACertificateCount: unknown parameter Identifier, expected none" },
      { "ListRevokeCertificate", { Status = "a" },
        "ListRevokeCertificate: unknown parameter Status, expected CurrentPage, ShowSize" },
      { "ListCert", { ShowSize = "50" }, "ListCert: ShowSize: expected a whole number, found a string" },
      { "ListCert", { ShowSize = 1.5 }, "ListCert: ShowSize: expected a whole number, found 1.5" },
      { "ListCert", { ShowSize = 1e300 }, "ListCert: ShowSize: expected a whole number, found 1e+300" },
      { "ListCert", { ShowSize = 1 / 0 }, "ListCert: ShowSize: expected a whole number, found inf" },
      { "ListCert", { NextToken = require("cjson").new().null },
        "ListCert: NextToken: expected a string, found a userdata" },
      { tags, { Tag = "k" }, tags .. ": Tag: expected a list, found a string" },
      { tags, { Tag = { Key = "k" } }, tags .. ": Tag: expected a list, found a table of names" },
      { tags, { Tag = { "k" } }, tags .. ": Tag.1: expected a table, found a string" },
      { tags, { Tag = { { Key = 1 } } }, tags .. ": Tag.1.Key: expected a string, found a number" },
      { tags, { Tag = { { Name = "k" } } }, tags .. ": Tag.1: unknown field Name, expected Key, Value" },
      { tags, { ResourceId = { "a", 2 } }, tags .. ": ResourceId.2: expected a string, found a number" },
    }
    for _, row in ipairs(rows) do
      local query, message, info = operations.encode(row[1], row[2])
      assert.is_nil(query)
      assert.equal(row[3], message)
      assert.same({ class = "argument" }, info)
    end
  end)

  it("refuses what is not a number", function()
    local query, message = operations.encode("ListCert", { ShowSize = 0 / 0 })
    assert.is_nil(query)
    assert.truthy(message:find("^ListCert: ShowSize: expected a whole number, found %-?nan"))
  end)
end)
