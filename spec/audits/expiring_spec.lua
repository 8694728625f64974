local files = require "spec.emulator.files"
local program = require "spec.command.program"

describe("scripts/audits/expiring.lua", function()
  local here, soon

  -- Every certificate is good for a year, but two: one of them is revoked.
  setup(function()
    here = program.new(12, 3)
    local openssl = "cd %s/ca && openssl ca -config sub/openssl.cnf -batch -notext -days 10 -in keys/%d.csr -out %d.pem"
    for number = 1, 2 do
      files.shell(openssl:format(here.folder, number, number))
    end
    local serials = {}
    for serial in files.read(here.folder .. "/ca/sub/index.txt"):gmatch("\t(%x+)\t[^\n]*\n") do
      serials[#serials + 1] = serial
    end
    soon = serials[#serials - 1]:lower()
    files.shell(("cd %s/ca && openssl ca -config sub/openssl.cnf -revoke 2.pem"):format(here.folder))
  end)

  teardown(function()
    here:close()
  end)

  it("prints the good ones that end within so many days", function()
    local status, out, err = here:run("$LUA scripts/audits/expiring.lua 30 $ENDPOINT")
    local serial, left, subject = out:match("^(%x+)\t%d+%-%d+%-%d+T%d+:%d+:%d+Z\t(%d+)\t([^\n]+)\n$")
    assert.equal(soon, serial, out)
    assert.is_truthy(left == "9" or left == "10", left)
    assert.is_truthy(subject:find("device-1", 1, true), subject)
    assert.same({ "", 1 }, { err, status })
  end)

  it("asks about no others", function()
    local status, out, err = here:run("$LUA scripts/audits/expiring.lua 5 $ENDPOINT")
    assert.same({ "", "", 0 }, { out, err, status })
    local _, all = here:run("$LUA scripts/audits/expiring.lua 366 $ENDPOINT")
    assert.equal(10, select(2, all:gsub("\n", "")))
  end)

  it("says how it is used", function()
    for _, days in ipairs { "", "soon", "0", "-1", "nan", "1e9" } do
      local status, out, err = here:run("$LUA scripts/audits/expiring.lua " .. days)
      assert.equal("usage: lua expiring.lua DAYS [ENDPOINT], DAYS from 1 to 36500\n", err)
      assert.same({ "", 4 }, { out, status })
    end
  end)

  it("exits with 3 and says why where it can't ask", function()
    local status, out, err = here:run("$LUA scripts/audits/expiring.lua 30 $ENDPOINT",
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "wrong" })
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^expiring.lua: [^\n]*SignatureDoesNotMatch[^\n]*\n$"), err)
  end)
end)
