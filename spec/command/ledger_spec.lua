local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

describe("certstat ledger", function()
  local home

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
  end)

  after_each(function()
    ipc.remove_folder(home)
  end)

  local function make_runs(count)
    local opened = assert(ledger.open { home = home, create = true })
    for i = 1, count do
      local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = i })
      local answers = { { key = "b67e", status = i % 2 == 1 and "good" or "revoked" } }
      assert(opened:record { account = "default", run = run, checked_at = i, answers = answers,
        asked = { { position = 1, key = "b67e", given = "b67e" } } })
      if i > 1 then
        assert(opened:end_run(run, i + 1, i > 2))
      end
    end
    opened:close()
  end

  it("shows what is in it", function()
    make_runs(3)
    local code, out, err = fake.run { "ledger", "info", "--home", home }
    assert.equal("", err)
    assert.equal([[
runs     3
asked    3
answers  3
latest   1
changes  2
run 3: audit, account default, 1970-01-01T00:00:03Z, whole
run 2: audit, account default, 1970-01-01T00:00:02Z, cut short
run 1: audit, account default, 1970-01-01T00:00:01Z, not ended
]], (out:gsub("^schema 2, [%d,]+ bytes\n", "")))
    assert.equal(0, code)
  end)

  it("says that it is whole", function()
    make_runs(1)
    local code, out, err = fake.run { "ledger", "check", "--home", home }
    assert.equal("the ledger is whole\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("says what is wrong in it, and exits with 3", function()
    make_runs(2)
    assert.is_truthy(os.execute(("sqlite3 %s/ledger.db \"UPDATE latest SET first_revoked_at = NULL\""):format(home)))
    local code, out = fake.run { "ledger", "check", "--home", home }
    assert.equal("revoked without a first time: default b67e\n", out)
    assert.equal(3, code)
  end)

  it("lets old runs go", function()
    make_runs(3)
    local code, out = fake.run { "ledger", "compact", "--keep", "1", "--home", home }
    assert.equal("2 runs taken out\n", out)
    assert.equal(0, code)
    code, out = fake.run({ "ledger", "info" }, { env = { CERTSTAT_HOME = home } })
    assert.is_truthy(out:find("\nruns     1\n", 1, true))
    assert.equal(0, code)
  end)

  local unusable = {
    { { "info", "--keep", "3" }, "--keep N belongs to compact, and compact needs it (see certstat ledger --help)" },
    { { "compact" }, "--keep N belongs to compact, and compact needs it (see certstat ledger --help)" },
    { { "info", "--home", "/nonexistent/home" }, "ledger: /nonexistent/home/ledger.db: No such file or directory" },
    { { "info" }, "ledger: neither CERTSTAT_HOME nor HOME is set" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local code, out, err = fake.run { "ledger", case[1][1], case[1][2], case[1][3] }
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  for _, action in ipairs({ "info", "check", "compact" }) do
    it(("says why %s can't read it"):format(action), function()
      local closed = 0
      local function failing()
        return nil, "ledger.db: disk I/O error", { class = "limit", code = "Ledger" }
      end
      local code, out, err = fake.run({ "ledger", action, action == "compact" and "--keep=1" or nil }, {
        ledger = { info = failing, check = failing, compact = failing, close = function()
          closed = closed + 1
        end },
      })
      assert.equal("certstat: ledger: ledger.db: disk I/O error\n", err)
      assert.equal("", out)
      assert.equal(3, code)
      assert.equal(1, closed)
    end)
  end
end)
