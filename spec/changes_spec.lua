local changes = require "certstat.changes"

-- A ledger of these runs, the oldest first, two to a page; compared: pages of differences by the key they begin behind.
local function ledger_of(runs, compared)
  for i, run in ipairs(runs) do
    run.run, run.account, run.command = i, run.account or "default", run.command or "audit"
    run.ended, run.settings = run.ended or i * 100, run.settings or "a"
    if run.whole == nil then run.whole = true end
  end
  return {
    runs = function(_, before)
      local page = {}
      for i = (before or #runs + 1) - 1, 1, -1 do
        if #page < 2 then page[#page + 1] = runs[i] end
      end
      return page
    end,
    compare = function(_, _, _, after) return compared[after] end,
  }
end

describe("certstat.changes", function()
  it("knows what a change is", function()
    local rows = {
      { "good", "revoked", "revoked" }, { "unknown", "revoked", "revoked" }, { nil, "revoked", "new" },
      { nil, "good", "new" }, { "good", nil, "vanished" }, { "revoked", nil, "vanished" },
      { "revoked", "good", "unrevoked" }, { "revoked", "unknown", "unrevoked" }, { "revoked", "conflict", "unrevoked" },
      { "unknown", "good", "known" }, { "absent", "good", "known" }, { "conflict", "good", "other" },
      { "good", "unknown", "other" }, { "good", "absent", "other" }, { "unknown", "absent", "other" },
      { "good", "error", "other" }, { "revoked", "error", "other" }, { nil, "error", "new" },
      -- never answered before
      { "error", "revoked", "revoked" }, { "error", "good", "known" }, { "error", "unknown", "other" },
      { "error", nil, "vanished" },
    }
    for _, row in ipairs(rows) do assert.equal(row[3], changes.kind(row[1], row[2])) end
    local kinds = {}
    for _, kind in ipairs(changes.kinds) do kinds[kind] = true end
    for _, row in ipairs(rows) do assert.is_true(kinds[row[3]]) end
  end)

  it("chooses the audits to compare", function()
    local cut, other = { whole = false }, { settings = "b" }
    local rows = {
      -- runs, since, the earlier and the later one
      { { {}, {} }, nil, 1, 2 },
      { { {}, {}, {} }, nil, 2, 3 },
      { { {}, {}, cut }, nil, 1, 2 },
      { { {}, other, {} }, nil, 1, 3 },
      { { {}, { command = "status" }, { account = "another" }, {} }, nil, 1, 4 },
      { { {}, {}, {}, {} }, "1", 1, 4 },
      { { {}, {}, other, other }, "1", 1, 2 },
      { { {}, {}, {} }, "1971-01-02", nil, "no whole audit of the same sources had ended by 1971-01-02" },
      { { { ended = 1767323045 }, { ended = 1767323046 }, {}, {} }, "2026-01-02T03:04:05Z", 1, 4 },
      { { { ended = 1767323045 }, { ended = 1767323046 }, {} }, "2026-01-02T03:04:06Z", 2, 3 },
      { {}, nil, nil, "there is no whole audit in the account default" },
      { { {} }, nil, nil, "there is no whole audit before run 1, of the same sources" },
      { { {} }, "1", nil, "there is no whole audit after run 1, of the same sources" },
      { { {}, cut }, "2", nil, "there is no whole audit with number 2 in the account default" },
      { { {}, {} }, "yesterday", nil,
        "expected a run's number or a time as 2026-01-02T03:04:05Z, found 'yesterday'" },
    }
    for i, row in ipairs(rows) do
      local runs = {}
      for n, run in ipairs(row[1]) do
        runs[n] = {}
        for name, value in pairs(run) do runs[n][name] = value end
        if row[2] and #row[2] > 9 then runs[n].ended = run.ended or 1800000000 end
      end
      local earlier, later, info = changes.runs(ledger_of(runs), "default", row[2])
      if row[3] then
        assert.same({ i, row[3], row[4] }, { i, earlier.run, later.run })
      else
        assert.same({ i, nil, row[4] }, { i, earlier, later })
        assert.same({ class = "argument", code = "NoSuchRun" }, info)
      end
    end
  end)

  it("knows the account of the last whole audit", function()
    local runs = { {}, { account = "b" }, { account = "c", whole = false }, { account = "d", command = "x" } }
    assert.equal("b", changes.account(ledger_of(runs)))
    assert.is_nil(changes.account(ledger_of {}))
  end)

  it("gives what differs page by page", function()
    local ledger = ledger_of({}, {
      [""] = { { key = "01", before = "good", after = "revoked", revoked_at = 7 }, { key = "02", after = "error" } },
      ["02"] = { { key = "03", before = "good" } }, ["03"] = {},
    })
    local found = {}
    for one in changes.between(ledger, { run = 1 }, { run = 2 }) do found[#found + 1] = one end
    assert.same({
      { key = "01", before = "good", after = "revoked", revoked_at = 7, kind = "revoked" },
      { key = "02", after = "error", kind = "new" }, { key = "03", before = "good", kind = "vanished" },
    }, found)
  end)

  it("looks behind an error of the earlier run", function()
    local runs = { {}, { whole = false, command = "status" }, { account = "another" }, {}, {}, {} }
    local ledger = ledger_of(runs, {
      [""] = {
        { key = "01", before = "error", after = "revoked" }, { key = "02", before = "error", after = "good" },
        { key = "03", before = "error", after = "good" }, { key = "04", before = "error", after = "revoked" },
        { key = "05", before = "error" }, { key = "06", before = "good", after = "error" },
      },
      ["06"] = {},
    })
    local answers = {
      { ["01"] = "unknown", ["02"] = "revoked" },
      { ["01"] = "good", ["02"] = "error", ["03"] = "good", ["05"] = "good" },
      { ["04"] = "good" },
      { ["01"] = "error" },
    }
    function ledger.answer(_, run, key)
      local status = answers[run][key]
      return status and { status = status }
    end
    local found = {}
    for one in changes.between(ledger, runs[5], runs[6]) do found[#found + 1] = one end
    assert.same({
      { key = "01", before = "good", after = "revoked", kind = "revoked" },
      { key = "02", before = "revoked", after = "good", kind = "unrevoked" },
      { key = "04", before = "error", after = "revoked", kind = "revoked" },
      { key = "05", before = "good", kind = "vanished" },
      { key = "06", before = "good", after = "error", kind = "other" },
    }, found)
  end)

  it("passes on what the ledger says", function()
    local function fails() return nil, "disk I/O error", { class = "limit" } end
    assert.same({ nil, "ledger: disk I/O error", { class = "limit" } },
      { changes.runs({ runs = fails }, "default") })
    assert.same({ nil, "ledger: disk I/O error", { class = "limit" } },
      { changes.between({ compare = fails }, { run = 1 }, { run = 2 })() })
    for _, name in ipairs { "runs", "answer" } do
      local one = ledger_of({ {}, {}, {} }, { [""] = { { key = "01", before = "error", after = "good" } } })
      one[name] = fails
      assert.same({ nil, "ledger: disk I/O error", { class = "limit" } },
        { changes.between(one, { run = 2, account = "default" }, { run = 3 })() })
    end
  end)
end)
