local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local program = require "spec.command.program"

describe("scripts/audits/sweep.lua", function()
  local here, good

  before_each(function()
    here = program.new(12, 3)
    for serial, entry in pairs(here:database()) do
      good = entry.status == "good" and serial or good
    end
    here:run("certstat audit --endpoint $ENDPOINT --quiet")
  end)

  after_each(function()
    here:close()
  end)

  local function query(sql)
    return files.shell(("sqlite3 %s/.local/state/certstat/ledger.db \"%s\""):format(here.folder, sql))
  end

  it("asks again for what was asked longest ago, and prints what has changed", function()
    query("UPDATE latest SET checked_at = 1000")
    query(("UPDATE latest SET checked_at = 500 WHERE key = '%s'"):format(good))
    assert.equal(200, (emulator.order(here.emulator, "POST", "/revocations?serial=" .. good)))
    local status, out, err = here:run("$LUA scripts/audits/sweep.lua 5 2 $ENDPOINT")
    assert.same({ good .. "\tgood\trevoked\n", "", 1 }, { out, err, status })
    assert.equal("7\n", query("SELECT count(*) FROM latest WHERE checked_at < 2000"))
    assert.equal("5\n", query("SELECT count(*) FROM answers JOIN runs USING (run) WHERE command = 'sweep'"))
    status, out, err = here:run("$LUA scripts/audits/sweep.lua 5 2 $ENDPOINT")
    assert.same({ "", "", 0 }, { out, err, status })
    assert.equal("2\n", query("SELECT count(*) FROM latest WHERE checked_at < 2000"))
  end)

  it("exits with 3 where it can't ask, and changes nothing", function()
    local before = query("SELECT * FROM latest")
    local status, out, err = here:run("$LUA scripts/audits/sweep.lua 5 2 $ENDPOINT",
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "wrong" })
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^sweep.lua: [^\n]*SignatureDoesNotMatch[^\n]*\n$"), err)
    assert.equal(before, query("SELECT * FROM latest"))
    status, out, err = here:run("$LUA scripts/audits/sweep.lua 5 2 $ENDPOINT",
      { CERTSTAT_HOME = here.folder .. "/none" })
    assert.same({ "", 3 }, { out, status })
    assert.is_truthy(err:find("^sweep.lua: ledger: [^\n]+\n$"), err)
  end)

  it("says how it is used", function()
    for _, arguments in ipairs { "", "5", "0 2", "10001 2", "5 0", "5 401", "1.5 2", "5 x" } do
      local status, out, err = here:run("$LUA scripts/audits/sweep.lua " .. arguments)
      assert.equal("usage: lua sweep.lua COUNT QPS [ENDPOINT], COUNT from 1 to 10000, QPS from 1 to 400\n", err)
      assert.same({ "", 4 }, { out, status })
    end
  end)
end)
