local program = require "spec.command.program"

describe("scripts/audits/revoked.lua", function()
  local here

  setup(function()
    here = program.new(12, 3)
  end)

  teardown(function()
    here:close()
  end)

  it("prints the revoked certificates, since when and whose", function()
    local status, out, err = here:run("$LUA scripts/audits/revoked.lua $ENDPOINT")
    local database, rows = here:database(), 0
    for serial, at, subject in out:gmatch("(%x+)\t([^\t]+)\t([^\n]+)\n") do
      assert.equal("revoked", database[serial].status)
      assert.equal(database[serial].at, at)
      assert.is_truthy(subject:find("CN=", 1, true), subject)
      rows = rows + 1
    end
    assert.equal(3, rows)
    assert.equal("", err)
    assert.equal(1, status)
  end)

  it("exits with 3 and says why where it can't ask", function()
    local status, out, err = here:run("$LUA scripts/audits/revoked.lua $ENDPOINT",
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "wrong" })
    assert.equal(3, status)
    assert.equal("", out)
    assert.is_truthy(err:find("^revoked.lua: [^\n]*SignatureDoesNotMatch[^\n]*\n$"), err)
    status, out, err = here:run("$LUA scripts/audits/revoked.lua nowhere")
    assert.equal(3, status)
    assert.equal("", out)
    assert.is_truthy(err:find("^revoked.lua: [^\n]+\n$"), err)
  end)
end)
