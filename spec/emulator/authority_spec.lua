local authority = require "certstat.emulator.authority"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local function nothing() end

describe("an authority", function()
  local folder

  before_each(function()
    folder = files.folder()
    files.shell("mkdir " .. folder .. "/newcerts")
    files.write(folder .. "/index.txt", "V\t271124041809Z\t\tB67E53EBCEA9\tunknown\t/CN=host.example\n"
      .. "V\t271124041809Z\t\t0A\tunknown\t/CN=gone\n"
      .. "V\t271124041809Z\t\t01\t" .. folder .. "/elsewhere.pem\t/CN=device\n")
    files.write(folder .. "/newcerts/B67E53EBCEA9.pem", files.read "spec/emulator/rsa.pem")
    files.write(folder .. "/elsewhere.pem", files.read "spec/emulator/ec.pem")
    files.write(folder .. "/cacert.pem", files.read "spec/emulator/ec.pem")
  end)

  after_each(function() ipc.remove_folder(folder) end)

  local function open()
    local opened = assert(authority.open(folder, 2))
    assert(opened.index:refresh(nothing, nothing))
    return opened
  end

  it("has a name of its own, from its certificate", function()
    local opened = open()
    assert.equal("01", opened.own_key)
    assert.equal("60a39347ab8d83f90b109e3053e5500f", opened.identifier)
    os.remove(folder .. "/cacert.pem")
    local nameless = open()
    assert.is_nil(nameless.own_key)
    assert.equal("00000000000000000000000000000002", nameless.identifier)
  end)

  it("names its certificates, and finds them by these names", function()
    local opened = open()
    local entry = opened.index:find("b67e53ebcea9")
    assert.equal(2000000001, opened:id_of(entry))
    assert.equal(opened.identifier .. "-b67e53ebcea9", opened:identifier_of(entry))
    assert.same(entry, opened:find_identifier(opened:identifier_of(entry)))
    assert.is_nil(opened:find_identifier("b67e53ebcea9"))
    assert.is_nil(opened:find_identifier("ff-b67e53ebcea9"))
    assert.is_nil(opened:find_identifier(opened.identifier .. "-ff"))
  end)

  it("says what it is as an authority", function()
    local opened = open()
    assert.is_true(opened:is_root())
    assert.equal("pca-60a39347ab8d83f9", opened:instance())
    assert.equal("file://" .. folder .. "/crl.pem", opened:crl_url())
    opened.own.issuer = "CN=another"
    assert.is_false(opened:is_root())
  end)

  it("describes a certificate by its file", function()
    local opened = open()
    assert.equal("host.example", opened:describe(opened.index:at(1)).CommonName)
    assert.equal("device", opened:describe(opened.index:at(3)).CommonName)
    local found, message = opened:describe(opened.index:at(2))
    assert.is_nil(found)
    assert.equal(folder .. "/newcerts/0A.pem: No such file or directory", message)
  end)

  it("reads a certificate once to say what a filter goes by", function()
    local opened = open()
    local first = { opened:issue_of(opened.index:at(1)) }
    local described = opened:describe(opened.index:at(1))
    assert.same({ described.CertificateType, described.not_before }, first)
    os.remove(folder .. "/newcerts/B67E53EBCEA9.pem")
    assert.same(first, { opened:issue_of(opened.index:at(1)) })
    assert.equal("CLIENT", (opened:issue_of(opened.index:at(3))))
    assert.is_nil(opened:issue_of(opened.index:at(2)))
    files.write(folder .. "/newcerts/0A.pem", files.read "spec/emulator/rsa.pem")
    assert.same(first, { opened:issue_of(opened.index:at(2)) })
  end)

  it("refuses a damaged certificate of its own", function()
    files.write(folder .. "/cacert.pem", "damaged")
    local opened, message = authority.open(folder, 1)
    assert.is_nil(opened)
    assert.equal(folder .. "/cacert.pem: expected a certificate, found none in 7 bytes", message)
  end)
end)
