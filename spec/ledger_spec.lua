local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local many = require "spec.support.ledger_rows"

describe("certstat.ledger", function()
  local home, opened

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    opened = assert(ledger.open { home = home, create = true })
  end)

  after_each(function()
    opened:close()
    ipc.remove_folder(home)
  end)

  local function begin()
    return assert(opened:begin_run { account = "default", command = "audit", settings = "from=list", started = 1000 })
  end

  it("keeps what was asked and answered", function()
    local run = begin()
    assert.equal(1, run)
    assert.is_true(opened:record {
      account = "default", run = run, checked_at = 1001,
      asked = { { position = 1, key = "b67e", given = "B6:7E", source = "line 1" }, { position = 2, given = "x" } },
      answers = { { key = "b67e", status = "revoked", revoked_at = 55 },
        { key = "01", status = "error", class = "network", code = "NoReply" } },
    })
    assert.is_true(opened:end_run(run, 1002, true))
    assert.same({ status = "revoked", revoked_at = 55, first_revoked_at = 55, checked_at = 1001 },
      opened:latest("default", "b67e"))
    assert.is_nil(opened:latest("default", "01"))
    assert.equal(1, select("#", opened:latest("default", "01")))
    assert.same({ { run = 1, account = "default", command = "audit", settings = "from=list", started = 1000,
      ended = 1002, whole = true } }, opened:runs())
    assert.same({}, opened:runs(1))
    assert.same({ { change = 1, time = 1001, account = "default", key = "b67e", new = "revoked", run = 1 } },
      opened:changes(0, 0))
    assert.same({}, opened:changes(1, 0))
    local facts = opened:info()
    assert.is_true(facts.bytes > 4096)
    facts.bytes = nil
    assert.same({ schema = 2, runs = 1, asked = 2, answers = 2, latest = 1, changes = 1 }, facts)
    assert.equal("", opened:check())
  end)

  it("keeps what belongs to no run", function()
    assert.is_true(opened:record { account = "a", checked_at = 7, answers = { { key = "01", status = "unknown" } } })
    assert.same({ { change = 1, time = 7, account = "a", key = "01", new = "unknown" } }, opened:changes(0, 7))
  end)

  it("lets old runs go", function()
    begin()
    begin()
    assert.equal(1, opened:compact(1))
    local left = opened:runs()
    assert.equal(1, #left)
    assert.equal(2, left[1].run)
    assert.is_false(left[1].whole)
  end)

  it("gives back each of twenty thousand rows that were written fifty at a time", function()
    many.write(opened, 20000)
    many.read(opened, 20000)
    assert.equal("", opened:check())
    local found, expected = many.digests(home, 20000)
    assert.equal(expected, found)
  end)

  it("takes thousands of answers at once", function()
    local run, answers = begin(), {}
    for i = 1, 5000 do answers[i] = { key = ("%08x"):format(i), status = "good" } end
    assert.is_true(opened:record { account = "default", run = run, checked_at = 1, answers = answers })
    assert.equal(5000, opened:info().answers)
  end)

  it("says what can't be written, and writes nothing", function()
    local none, message, info = opened:record {
      account = "default", run = 9, checked_at = 1, answers = { { key = "01", status = "good" } },
    }
    assert.is_nil(none)
    assert.equal(home .. "/ledger.db: has no run 9", message)
    assert.same({ class = "argument", code = "Ledger" }, info)
    none, message = opened:record { account = "default", checked_at = 1, answers = { { key = "1", status = "good" } } }
    assert.is_nil(none)
    assert.equal("key: expected an even number of lower-case hexadecimal digits, 2 to 40", message)
    assert.is_nil((opened:latest("default", "01")))
  end)

  it("says why it can't be opened", function()
    local none, message, info = ledger.open { home = home .. "/other" }
    assert.is_nil(none)
    assert.equal(home .. "/other/ledger.db: No such file or directory", message)
    assert.same({ class = "argument", code = "LedgerAbsent" }, info)
    opened:close()
    local file = assert(io.open(home .. "/ledger.db", "wb"))
    file:write("a note\n")
    file:close()
    none, message, info = ledger.open { home = home, create = true }
    assert.is_nil(none)
    assert.equal(home .. "/ledger.db: expected a ledger of certstat, found another file; it is left as it is", message)
    assert.same({ class = "argument", code = "LedgerForeign" }, info)
  end)

  it("raises for misuse", function()
    local wrong = {
      { function() ledger.open { home = "" } end, "field 'home': expected a path" },
      { function() ledger.open { home = "a\0b" } end, "field 'home': expected a path" },
      { function() opened:record { account = "a", answers = 1 } end, "field 'answers': expected a list, found number" },
      { function() opened:record { account = "a", answers = { 1 } } end, "table expected, got number" },
      { function() opened:record { account = "a", answers = { { key = "01", status = "fine" } } } end,
        "field 'status': expected what an answer can be, found 'fine'" },
      { function() opened:record { account = "a", answers = { { key = 1, status = "good" } } } end,
        "field 'key': expected a string, found number" },
      { function() opened:compact(-1) end, "expected a number of runs" },
    }
    for _, case in ipairs(wrong) do assert.error_matches(case[1], case[2]) end
    opened:close()
    opened:close()
    assert.error_matches(function() opened:info() end, "is closed")
  end)
end)
