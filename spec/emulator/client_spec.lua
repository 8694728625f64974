--- certstat's own client asks the emulator for every operation that there is, and gets what openssl has.
local certstat = require "certstat"
local classify = require "certstat.classify"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local operations = require "certstat.operations"
local times = require "certstat.times"

local COUNT, REVOKED = 24, 5

-- what each shape of time looks like
local LOOKS = {
  ms = "^%d%d%d%d%d%d%d%d%d%d%d%d%d$", mixed = "^%d+$", digits = "^%d%d%d%d%d%d%d%d%d%d%d%d%d$",
  minute = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%dZ$", ["local"] = "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d$",
}

describe("certstat's client", function()
  local folder, made, running, client, listed

  setup(function()
    folder = files.folder()
    made = files.make_ca(folder, COUNT, REVOKED)
    running = emulator.start({ "--ca", folder .. "/ca/sub", "--ca", folder .. "/ca/root", "--qps", "100000" })
    client = assert(certstat.client {
      endpoint = running.url, credentials = { access_key_id = "demo", access_key_secret = "throw-away" },
      quota = certstat.quota { rate = 400, window = 0.001, guard = 0 },
    })
    listed = {}
    for one in client:list("ListClientCertificate") do listed[#listed + 1] = one end
  end)

  teardown(function()
    client:close()
    emulator.stop(running)
    ipc.remove_folder(folder)
  end)

  local function call(name, parameters)
    local reply, message = client:call(name, parameters)
    assert.is_truthy(reply, message)
    return reply
  end

  local function authority(kind)
    for _, one in ipairs(call("DescribeCACertificateList", {}).CertificateList) do
      if one.CertificateType == kind then return one end
    end
  end

  -- The parameters that an operation is asked with.
  local function parameters_of(name)
    local sub = authority("SUB_ROOT").Identifier
    return ({
      DescribeCACertificate = { Identifier = sub },
      DescribeClientCertificate = { Identifier = listed[1].Identifier },
      DescribeClientCertificateForSerialNumber = { SerialNumber = made[1].serial .. "," .. made[2].serial },
      DescribeClientCertificateStatus = { Identifier = listed[1].Identifier .. "," .. listed[2].Identifier },
      DescribeClientCertificateStatusForSerialNumber = { SerialNumber = made[1].serial .. "," .. made[2].serial },
      GetCaInstanceCrlAddress = { CaIdentifier = sub },
      ListCACertificateLog = { Identifier = sub },
      ListTagResources = { RegionId = "cn-hangzhou", ResourceType = "instance" },
    })[name] or {}
  end

  local function at(reply, path)
    for name in path:gmatch("[^.]+") do reply = reply[name] end
    return reply
  end

  local function assert_times(known, values)
    for field, shape in pairs(known.times) do
      local value = values[field]
      assert.is_not_nil(value, field)
      local text = type(value) == "number" and ("%.0f"):format(value) or value
      assert.equal(shape == "ms" or shape == "mixed", type(value) == "number", field)
      assert.is_truthy(text:find(LOOKS[shape]), field .. ": " .. text)
      assert.is_truthy(value == 0 or times.read(value), field)
    end
  end

  for name, known in pairs(operations) do
    if type(known) == "table" then
      it("gets " .. name .. ", everything where it looks for it", function()
        local reply = call(name, parameters_of(name))
        assert.equal("string", type(reply.RequestId))
        local items = known.list and at(reply, known.list) or { known.object and reply[known.object] or reply }
        assert.is_true(#items > 0 or name == "ListTagResources")
        for _, item in ipairs(items) do assert_times(known, item) end
      end)
    end
  end

  local function walk(name, parameters)
    local count = 0
    for item, message in client:list(name, parameters) do
      assert.is_nil(message)
      assert.equal("table", type(item))
      count = count + 1
    end
    return count
  end

  for name, expected in pairs {
    ListClientCertificate = COUNT, ListCert = COUNT, ListRevokeCertificate = REVOKED, DescribeCACertificateList = 2,
    DescribePcaAndExternalCACertificateList = 2, ListPcaCaCertificate = 2, ListAllEndEntityInstance = 2,
    ListTagResources = 0,
  } do
    it(("walks all pages of %s: %d"):format(name, expected), function()
      local size = operations[name].paging.scheme == "token" and { MaxResults = 1 } or { ShowSize = 1 }
      for parameter, value in pairs(parameters_of(name)) do size[parameter] = value end
      assert.equal(expected, walk(name, size))
    end)
  end

  it("finds the same certificates revoked by each operation that tells it", function()
    local revoked = {}
    for _, one in ipairs(made) do
      if one.status == "revoked" then revoked[#revoked + 1] = one.serial end
    end
    local function serials(name, parameters)
      local found = {}
      for one in client:list(name, parameters) do found[#found + 1] = one.SerialNumber end
      return found
    end
    assert.same(revoked, serials("ListRevokeCertificate"))
    assert.same(revoked, serials("ListCert", { Status = "REVOKE" }))
    local rows = assert(client:status(revoked))
    for i, row in ipairs(rows) do
      assert.equal("revoked", row.status)
      local detail = call("DescribeClientCertificateForSerialNumber", { SerialNumber = revoked[i] })
      assert.equal("REVOKE", detail.CertificateList[1].Status)
    end
  end)

  it("gets the fields of a certificate, its chain among them, as openssl shows them", function()
    local one = call("DescribeClientCertificate", { Identifier = listed[1].Identifier }).Certificate
    files.write(folder .. "/chain.pem", one.CertChain)
    files.write(folder .. "/leaf.pem", one.X509Certificate)
    local root = folder .. "/ca/root/cacert.pem"
    assert.equal(folder .. "/leaf.pem: OK\n", files.shell(("openssl verify -CAfile %s -untrusted %s %s"):format(
      root, folder .. "/chain.pem", folder .. "/leaf.pem")))
    assert.equal(authority("SUB_ROOT").Identifier, one.ParentIdentifier)
    assert.equal(authority("ROOT").Identifier, authority("SUB_ROOT").ParentIdentifier)
    assert.is_nil(classify.present(authority("ROOT").ParentIdentifier))
  end)
end)
