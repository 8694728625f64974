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

  local function run_of(answers, asked)
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
    assert(opened:record { account = "default", run = run, checked_at = 2, answers = answers, asked = asked })
    return run
  end

  it("gives what a run has asked, 64 at most", function()
    local asked = {}
    for i = 1, 100 do asked[i] = { position = i, given = "x" .. i } end
    asked[2] = { position = 2, key = "02", given = "2", source = "line 2", details = "{}" }
    local run = run_of({}, asked)
    local page = opened:asked(run, 0)
    assert.equal(64, #page)
    assert.same({ { position = 1, given = "x1" }, asked[2] }, { page[1], page[2] })
    page = opened:asked(run, 64)
    assert.equal(36, #page)
    assert.same({ position = 100, given = "x100" }, page[36])
    assert.same({}, opened:asked(run, 100))
  end)

  it("gives what a run was answered", function()
    local run = run_of { { key = "01", status = "revoked", revoked_at = 55 }, { key = "02", status = "good" } }
    assert.same({ status = "revoked", revoked_at = 55, checked_at = 2 }, opened:answer(run, "01"))
    assert.same({ status = "good", checked_at = 2 }, opened:answer(run, "02"))
    assert.is_nil(opened:answer(run, "03"))
    assert.equal(1, select("#", opened:answer(run, "03")))
  end)

  it("gives the oldest of the latest answers of an account", function()
    local function record(account, time, keys)
      local answers = {}
      for i, key in ipairs(keys) do answers[i] = { key = key, status = "good" } end
      assert(opened:record { account = account, checked_at = time, answers = answers })
    end
    record("default", 20, { "03", "01" })
    record("default", 10, { "02", "04" })
    record("default", 30, { "04" })
    record("other", 1, { "05" })
    assert.same({ { key = "02", status = "good", checked_at = 10 }, { key = "01", status = "good", checked_at = 20 },
      { key = "03", status = "good", checked_at = 20 } }, opened:oldest("default", 3))
    assert.equal("04", opened:oldest("default", 10000)[4].key)
    assert.same({}, opened:oldest("none", 1))
    assert.has_error(function() opened:oldest("default", 0) end)
    assert.has_error(function() opened:oldest("default", 10001) end)
  end)

  it("compares two runs", function()
    local earlier = run_of { { key = "01", status = "good" }, { key = "02", status = "good" },
      { key = "03", status = "unknown" } }
    local later = run_of { { key = "01", status = "revoked", revoked_at = 7 }, { key = "02", status = "good" },
      { key = "04", status = "good" } }
    assert.same({
      { key = "01", before = "good", after = "revoked", revoked_at = 7 }, { key = "03", before = "unknown" },
      { key = "04", after = "good" },
    }, opened:compare(earlier, later, ""))
    assert.same({ { key = "04", after = "good" } }, opened:compare(earlier, later, "03"))
    assert.same({}, opened:compare(earlier, earlier, ""))
  end)
end)
