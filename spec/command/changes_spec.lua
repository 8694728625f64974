local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

describe("certstat changes", function()
  local home

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
  end)

  after_each(function()
    ipc.remove_folder(home)
  end)

  local account = "default"

  -- Audits with these answers, {key = status}, one after the other.
  local function keep(...)
    local opened = assert(ledger.open { home = home, create = true })
    for i, statuses in ipairs { ... } do
      local answers = {}
      for key, status in pairs(statuses) do
        answers[#answers + 1] = { key = key, status = status, revoked_at = status == "revoked" and 1767323045 or nil }
      end
      local run = assert(opened:begin_run { account = account, command = "audit", settings = "x", started = i })
      assert(opened:record { account = account, run = run, checked_at = i, answers = answers })
      assert(opened:end_run(run, i + 1, true))
    end
    opened:close()
  end

  local function run(...)
    return fake.run({ "changes", "--home", home, ... }, {})
  end

  it("shows what has changed", function()
    keep({ ["01"] = "good", ["02"] = "good", ["03"] = "revoked", ["04"] = "unknown", ["05"] = "good", ["07"] = "good" },
      { ["01"] = "good", ["02"] = "revoked", ["03"] = "good", ["04"] = "good", ["06"] = "good", ["07"] = "error" })
    local code, out, err = run("--format", "csv")
    assert.equal("change,serial,before,after,revoked_at\r\n"
      .. "revoked,02,good,revoked,2026-01-02T03:04:05Z\r\nunrevoked,03,revoked,good,\r\n"
      .. "known,04,unknown,good,\r\nvanished,05,good,,\r\nnew,06,,good,\r\nother,07,good,error,\r\n", out)
    assert.equal("run 2 of 1970-01-01T00:00:02Z against run 1 of 1970-01-01T00:00:01Z: 6 changes: 1 unrevoked, "
      .. "1 revoked, 1 vanished, 1 new, 1 known, 1 other\n", err)
    assert.equal(1, code)
  end)

  it("has an exit code for the worst of them", function()
    local rows = {
      { { ["01"] = "good" }, { ["01"] = "good" }, 0 },
      { { ["01"] = "good" }, { ["01"] = "error" }, 2 },
      { { ["01"] = "good" }, { ["01"] = "absent" }, 2 },
      { { ["01"] = "good" }, { ["02"] = "revoked" }, 2 },
      { { ["01"] = "good" }, { ["01"] = "revoked" }, 1 },
      { { ["01"] = "revoked" }, { ["01"] = "unknown" }, 1 },
    }
    for _, row in ipairs(rows) do
      keep(row[1], row[2])
      local code, _, err = run("--quiet")
      assert.equal("", err)
      assert.equal(row[3], code)
    end
  end)

  it("misses nothing that changes behind an error", function()
    keep({ ["01"] = "good", ["02"] = "good" }, { ["01"] = "error", ["02"] = "error" },
      { ["01"] = "revoked", ["02"] = "good" })
    local code, out = run("--format", "tsv", "--quiet", "--columns", "change,serial,before,after")
    assert.equal("change\tserial\tbefore\tafter\nrevoked\t01\tgood\trevoked\n", out)
    assert.equal(1, code)
  end)

  it("ends its report at an interruption: exit 3", function()
    keep({ ["01"] = "good" }, { ["02"] = "good" })
    local interruptions = 0
    local code, out, err = fake.run({ "changes", "--home", home, "--format", "json", "--quiet" }, {
      hold_signals = function(hold)
        interruptions = interruptions + (hold and 0 or 1)
        if not hold and interruptions == 2 then
          error("interrupted!", 0)
        end
      end,
    })
    assert.equal("certstat: interrupted\n", err)
    assert.equal("]\n", out:sub(-2))
    assert.is_truthy(out:find('"vanished"', 1, true))
    assert.is_nil(out:find('"new"', 1, true))
    assert.equal(3, code)
  end)

  it("takes the account of the last audit, unless one is named", function()
    account = "123"
    keep({ ["01"] = "good" }, { ["01"] = "revoked" })
    account = "default"
    assert.equal(1, (run("--quiet")))
    local code, _, err = run("--quiet", "--account", "default")
    assert.equal("certstat: there is no whole audit in the account default\n", err)
    assert.equal(4, code)
  end)

  it("compares with an earlier audit", function()
    keep({ ["01"] = "good" }, { ["01"] = "revoked" }, { ["01"] = "revoked" })
    local code, out = run("--since", "1", "--format", "tsv", "--quiet")
    assert.equal("change\tserial\tbefore\tafter\trevoked_at\n"
      .. "revoked\t01\tgood\trevoked\t2026-01-02T03:04:05Z\n", out)
    assert.equal(1, code)
    assert.equal(0, (run("--since", "2", "--quiet")))
  end)

  it("says what it can't compare: exit 4", function()
    local code, out, err = run()
    assert.equal(("certstat: ledger: %s/ledger.db: No such file or directory\n"):format(home), err)
    assert.equal("", out)
    assert.equal(4, code)
    keep({ ["01"] = "good" })
    local rows = {
      { "--quiet", "certstat: there is no whole audit before run 1, of the same sources\n" },
      { "--since=7", "certstat: there is no whole audit with number 7 in the account default\n" },
      { "--account=a/b", "certstat: account: expected 1 to 64 letters, digits, '.', '_' or '-', no '.' in front, "
        .. "found 'a/b'\n" },
    }
    for _, row in ipairs(rows) do
      code, out, err = run(row[1])
      assert.equal(row[2], err)
      assert.equal("", out)
      assert.equal(4, code)
    end
  end)

  it("says what cuts it short: exit 3", function()
    local page = { { key = "01", before = "good", after = "revoked" } }
    local broken = {
      runs = function(_, before)
        local list = {}
        for i = before and 0 or 2, 1, -1 do
          list[#list + 1] = {
            run = i, whole = true, account = "default", command = "audit", settings = "x", started = 1,
          }
        end
        return list
      end,
      compare = function(_, _, _, after)
        if after == "" then
          return page
        end
        return nil, "disk I/O error", { class = "limit" }
      end,
      close = function() end,
    }
    local code, out, err = fake.run({ "changes", "--quiet", "--format", "tsv" }, { ledger = broken })
    assert.is_truthy(out:find("revoked\t01\t", 1, true))
    assert.equal("certstat: ledger: disk I/O error\n", err)
    assert.equal(3, code)
  end)
end)
