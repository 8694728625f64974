local emulator = require "spec.emulator.emulator"
local program = require "spec.command.program"

describe("scripts/audits/drift.lua", function()
  local here

  setup(function()
    here = program.new(12, 3)
  end)

  teardown(function()
    here:close()
  end)

  before_each(function()
    emulator.fail(here.emulator, "")
  end)

  it("prints nothing where list and status say the same", function()
    local status, out, err = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    assert.same({ "", "", 0 }, { out, err, status })
  end)

  it("prints what the list calls revoked and the status operation good", function()
    emulator.fail(here.emulator, '{"fault":"field","name":"CertificateStatus.Status","value":"good"}')
    local status, out, err = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    local rows = 0
    for serial, subject in out:gmatch("(%x+)\tREVOKE\tgood\t([^\n]+)\n") do
      assert.equal("revoked", here:database()[serial].status)
      assert.is_truthy(subject:find("CN=", 1, true), subject)
      rows = rows + 1
    end
    assert.equal(3, rows)
    assert.equal(3, select(2, out:gsub("\n", "")))
    assert.same({ "", 1 }, { err, status })
  end)

  it("does not take for drift what is revoked after the list was read", function()
    local good
    for serial, entry in pairs(here:database()) do
      good = entry.status == "good" and serial or good
    end
    local time = os.time() + 3600
    local revoked = ('{"fault":"field","name":"CertificateStatus","value":[{"SerialNumber":"%s","Status":"revoked",'
      .. '"RevokeTime":%d}]}'):format(good, time * 1000)
    emulator.fail(here.emulator, revoked)
    local _, out = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    assert.is_nil(out:find(good, 1, true))
    emulator.fail(here.emulator, (revoked:gsub("%d+}]}$", (time - 7200) * 1000 .. "}]}")))
    _, out = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    assert.is_truthy(out:find(good .. "\tISSUE\trevoked\t", 1, true), out)
  end)

  it("exits with 3 and says why where not all is answered", function()
    emulator.fail(here.emulator, '{"fault":"error","status":400,"code":"Weird","action":"ListClientCertificate"}')
    local status, out, err = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^drift.lua: [^\n]*Weird[^\n]*\n$"), err)
    emulator.fail(here.emulator, '{"fault":"field","name":"CertificateStatus.Status","value":"fine"}')
    status, out, err = here:run("$LUA scripts/audits/drift.lua $ENDPOINT")
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^drift.lua: %x+ is error: [^\n]*\n$"), err)
  end)
end)
