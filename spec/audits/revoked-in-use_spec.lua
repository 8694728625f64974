local files = require "spec.emulator.files"
local program = require "spec.command.program"

describe("scripts/audits/revoked-in-use.lua", function()
  local here, good, revoked, at

  setup(function()
    here = program.new(12, 3)
    for serial, entry in pairs(here:database()) do
      if entry.status == "good" then
        good = serial
      else
        revoked, at = serial, entry.at
      end
    end
  end)

  teardown(function()
    here:close()
  end)

  local function run(log)
    files.write(here.folder .. "/access.log", log)
    return here:run("$LUA scripts/audits/revoked-in-use.lua serial $FOLDER/access.log $ENDPOINT")
  end

  it("prints each revoked certificate, in how many lines it is, and the first of them", function()
    local status, out, err = run(("serial=%s\nserial=-\nserial=%s\nserial=%s\n"):format(
      good, revoked:upper(), revoked:gsub("..", "%0:"):sub(1, -2)))
    assert.equal(("%s\t%s\t2\t%s/access.log:3\n"):format(revoked:upper(), at, here.folder), out)
    assert.same({ "", 1 }, { err, status })
  end)

  it("exits with 0 where none is revoked", function()
    local status, out, err = run("serial=" .. good .. "\nserial=-\n")
    assert.same({ "", "", 0 }, { out, err, status })
  end)

  it("prints what it found, and exits with 3, where a line can't be read", function()
    local status, out, err = run(("serial=%s\nGET /\n"):format(revoked))
    assert.equal(("%s\t%s\t1\t%s/access.log:1\n"):format(revoked, at, here.folder), out)
    local message = "^revoked%-in%-use.lua: GET / is invalid: [^\n]*access.log:2: expected the field 'serial'"
    assert.is_truthy(err:find(message), err)
    assert.equal(3, status)
  end)

  it("says how it is used, and what it can't read", function()
    local status, out, err = here:run("$LUA scripts/audits/revoked-in-use.lua serial")
    assert.equal("usage: lua revoked-in-use.lua FIELD LOG [ENDPOINT]\n", err)
    assert.same({ "", 4 }, { out, status })
    status, out, err = here:run("$LUA scripts/audits/revoked-in-use.lua serial $FOLDER/none $ENDPOINT")
    assert.equal(("revoked-in-use.lua: %s/none: No such file or directory\n"):format(here.folder), err)
    assert.same({ "", 3 }, { out, status })
  end)
end)
