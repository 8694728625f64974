local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local tls = require "certstat.emulator.tls"

describe("the emulator's TLS", function()
  local folder

  before_each(function() folder = files.folder() end)
  after_each(function() ipc.remove_folder(folder) end)

  -- what openssl says of a certificate for a name at a CA's side
  local function verify(ca, file)
    local command = ("openssl verify -CAfile %s/%s -verify_ip 127.0.0.1 -purpose sslserver %s/%s || true"):format(
      folder, ca, folder, file)
    return files.shell(command):match("OK") or files.shell(command):match("lookup: *([^\n]*)")
  end

  it("has a CA of its own, and one right certificate", function()
    assert.equal(folder .. "/ca.pem", tls.make(folder, "127.0.0.1"))
    assert.equal("OK", verify("ca.pem", "server.pem"))
    assert.equal("IP address mismatch", verify("ca.pem", "wrong_name.pem"))
    assert.equal("certificate has expired", verify("ca.pem", "expired.pem"))
    assert.equal("self-signed certificate", verify("ca.pem", "self_signed.pem"))
    assert.equal("OK", verify("self_signed.pem", "self_signed.pem"))
    assert.equal("600\n600\n", files.shell(("stat -c %%a %s/ca.key %s/server.key"):format(folder, folder)))
  end)

  it("is never the same CA twice", function()
    assert.is_string((tls.make(folder, "127.0.0.1")))
    local first = files.read(folder .. "/ca.pem")
    assert.is_string((tls.make(folder, "127.0.0.1")))
    assert.are_not.equal(first, files.read(folder .. "/ca.pem"))
  end)

  it("says why it can't be made", function()
    local ca, message = tls.make(folder .. "/none", "127.0.0.1")
    assert.is_nil(ca)
    assert.equal(folder .. "/none/tls.cnf: No such file or directory", message)
    ca, message = tls.make(folder, "nowhere")
    assert.is_nil(ca)
    assert.equal(1, message:find("openssl ca: ", 1, true), message)
  end)
end)
