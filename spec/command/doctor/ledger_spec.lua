local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local row_of = require("certstat.command.doctor.ledger").row

describe("the doctor, of the ledger", function()
  local folder, home

  before_each(function()
    folder = files.folder()
    home = folder .. "/home"
  end)

  after_each(function() ipc.remove_folder(folder) end)

  local function row()
    local found = row_of { home = home, getenv = function() end }
    return { found.check, found.status, found.message, found.class }
  end

  it("skips one that is not there", function()
    assert.same({ "ledger", "skipped", "ledger: " .. home .. "/ledger.db: No such file or directory" }, row())
    home = nil
    assert.same({ "ledger", "skipped", "ledger: neither CERTSTAT_HOME nor HOME is set" }, row())
  end)

  it("says where one is, how large, and that it is whole", function()
    local opened = assert(ledger.open { home = home, create = true })
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
    opened:record { account = "default", run = run, checked_at = 1,
      asked = { { position = 1, key = "0a", given = "0a" } }, answers = { { key = "0a", status = "good" } } }
    opened:end_run(run, 2, true)
    local facts = opened:info()
    opened:close()
    local bytes = require("certstat.words").number(facts.bytes)
    assert.same({ "ledger", "ok", ("%s/ledger.db: schema %d, %s bytes, 1 run, 1 answer, whole"):format(home,
      facts.schema, bytes) }, row())
    assert.is_truthy(files.read("README.md"):find(("/ledger.db: schema %d, "):format(facts.schema), 1, true))
    files.shell(("sqlite3 %s/ledger.db 'DELETE FROM runs'"):format(home))
    assert.same({ "ledger", "failed", ("%s/ledger.db: schema %d, %s bytes, 0 runs, 1 answer; asked, but of no run: 1; "
      .. "answers of no run: 1"):format(home, facts.schema, bytes) }, row())
  end)

  it("says that it is something else", function()
    files.shell("mkdir -m 700 " .. home)
    files.write(home .. "/ledger.db", ("no database"):rep(100))
    files.shell("chmod 600 " .. home .. "/ledger.db")
    local found = row()
    assert.same({ "ledger", "failed", "argument" }, { found[1], found[2], found[4] })
    assert.is_truthy(found[3]:find("^ledger: " .. home:gsub("%p", "%%%0") .. "/ledger%.db: "), found[3])
  end)
end)
