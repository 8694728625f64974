local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

describe("a ledger", function()
  local home, opened

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    opened = assert(ledger.open { home = home, create = true })
  end)

  after_each(function()
    opened:close()
    ipc.remove_folder(home)
  end)

  it("goes on with a run that was cut short", function()
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
    assert.is_true(opened:end_run(run, 2, false))
    assert.is_false(opened:runs()[1].whole)
    assert.is_true(opened:resume_run(run))
    assert.is_nil(opened:runs()[1].ended)
    assert.is_true(opened:record { account = "default", run = run, checked_at = 1, items = 12 })
    assert.is_true(opened:end_run(run, 3, true))
    assert.equal(12, opened:runs()[1].items)
    assert.same({ nil, home .. "/ledger.db: run 1 is whole: nothing of it is left to be done",
      { class = "argument", code = "Ledger" } }, { opened:resume_run(run) })
  end)

  it("lets one process at a time be at a run", function()
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
    local other = assert(ledger.open { home = home })
    assert.same({ nil, home .. "/ledger.db: run 1 is still going on, in another process",
      { class = "limit", code = "LedgerRunning" } }, { other:resume_run(run) })
    opened:close()
    assert.is_true(other:resume_run(run))
    other:close()
  end)
end)
