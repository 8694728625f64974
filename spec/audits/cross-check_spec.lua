local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local program = require "spec.command.program"

describe("scripts/audits/cross-check.lua", function()
  local here, responder, url, revoked

  -- A responder of openssl's own, for at most so many requests.
  setup(function()
    here = program.new(60, 3)
    files.shell(("cd %s && cat ca/sub/cacert.pem ca/root/cacert.pem > chain.pem && "
      .. "openssl ca -config ca/sub/openssl.cnf -gencrl -out crl.pem"):format(here.folder))
    local ca = here.folder .. "/ca/sub/"
    responder = assert(ipc.spawn {
      argv = { "/bin/sh", "-c", ("exec openssl ocsp -index %sindex.txt -port 0 -rsigner %scacert.pem "
        .. "-rkey %sprivate/cakey.pem -CA %scacert.pem -nrequest 100 2> /dev/null"):format(ca, ca, ca, ca) },
      env = { "PATH=" .. os.getenv("PATH") }, output = true, parent_signal = 15,
    })
    local text = ""
    while not text:find("PID") do
      local kind, bytes = responder:wait(30000)
      assert.equal("output", kind)
      text = text .. bytes
    end
    url = "http://127.0.0.1:" .. text:match(":(%d+) PID")
    for serial, entry in pairs(here:database()) do
      revoked = entry.status == "revoked" and serial or revoked
    end
  end)

  teardown(function()
    responder:signal(9)
    responder:wait(30000)
    responder:close()
    here:close()
  end)

  before_each(function()
    emulator.fail(here.emulator, "")
  end)

  local function run(arguments, env)
    return here:run("$LUA scripts/audits/cross-check.lua " .. arguments:gsub("URL", url) .. " $ENDPOINT", env)
  end

  it("prints nothing where all three say the same", function()
    local status, out, err = run("$FOLDER/chain.pem $FOLDER/crl.pem URL")
    assert.same({ "", "", 0 }, { out, err, status })
  end)

  it("prints where the service is behind, and how long", function()
    emulator.fail(here.emulator, '{"fault":"field","name":"CertificateStatus.Status","value":"good"}')
    local status, out, err = run("$FOLDER/chain.pem $FOLDER/crl.pem URL")
    local serial, lag = out:match("(" .. revoked .. ")\tgood\trevoked\trevoked\t(%d+)\n")
    assert.equal(revoked, serial, out)
    assert.is_true(tonumber(lag) < 600)
    assert.equal(3, select(2, out:gsub("\n", "")))
    assert.same({ "", 1 }, { err, status })
  end)

  it("prints where CRL and responder are behind", function()
    local good
    for serial, entry in pairs(here:database()) do
      good = entry.status == "good" and serial or good
    end
    assert.equal(200, (emulator.order(here.emulator, "POST", "/revocations?serial=" .. good)))
    local status, out, err = run("$FOLDER/chain.pem $FOLDER/crl.pem URL")
    assert.is_truthy(out:find("^" .. good .. "\trevoked\tgood\tgood\t%d+\n$"), out)
    assert.same({ "", 1 }, { err, status })
  end)

  it("believes no signature but the issuer's", function()
    for _, arguments in ipairs { "$FOLDER/ca/root/cacert.pem $FOLDER/crl.pem URL", "$FOLDER/none $FOLDER/crl.pem URL",
      "$FOLDER/chain.pem $FOLDER/chain.pem URL", "$FOLDER/chain.pem $FOLDER/crl.pem http://127.0.0.1:1", "" } do
      local status, out, err = run(arguments)
      assert.same({ "", 3 }, { out, status })
      assert.is_truthy(err:find("^cross%-check.lua: openssl: [^\n]+\n$"), err)
    end
  end)

  it("exits with 3 and says why where the service can't be asked", function()
    local status, out, err = run("$FOLDER/chain.pem $FOLDER/crl.pem URL", { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "wrong" })
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^cross%-check.lua: [^\n]*SignatureDoesNotMatch[^\n]*\n$"), err)
  end)
end)
