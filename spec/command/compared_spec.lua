local compared = require "certstat.command.compared"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

describe("command.compared", function()
  local home, opened

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    opened = assert(ledger.open { home = home, create = true })
  end)

  after_each(function()
    opened:close()
    ipc.remove_folder(home)
  end)

  -- An audit with these answers, {key = status}; returns its number.
  local function keep(statuses)
    local answers = {}
    for key, status in pairs(statuses) do
      answers[#answers + 1] = { key = key, status = status }
    end
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 100 })
    assert(opened:record { account = "default", run = run, checked_at = 150, answers = answers })
    assert(opened:end_run(run, 200, true))
    return run
  end

  it("counts what differs from the audit before", function()
    local earlier = keep { ["01"] = "good", ["02"] = "good", ["03"] = "error", ["04"] = "good" }
    local found = compared.with_earlier(opened, "default",
      keep { ["01"] = "revoked", ["02"] = "good", ["03"] = "good", ["05"] = "good" })
    assert.equal(earlier, found.earlier.run)
    assert.equal(100, found.earlier.started)
    assert.same({ revoked = 1, known = 1, vanished = 1, new = 1 }, found.counts)
    local kinds = {}
    for i, one in ipairs(found) do
      kinds[i] = one.key .. " " .. one.kind
    end
    assert.same({ "01 revoked", "03 known", "04 vanished", "05 new" }, kinds)
  end)

  it("keeps the first fifty of a kind, and counts all", function()
    keep { ["00"] = "good" }
    local statuses = { ["00"] = "revoked" }
    for i = 1, 60 do
      statuses[("%02x"):format(i)] = "good"
    end
    local found = compared.with_earlier(opened, "default", keep(statuses))
    assert.same({ new = 60, revoked = 1 }, found.counts)
    assert.equal(51, #found)
    assert.equal("32", found[51].key)
  end)

  it("says why there is nothing to compare", function()
    local run = keep { ["01"] = "good" }
    local found, message = compared.with_earlier(opened, "default", run)
    assert.is_nil(found)
    assert.equal("there is no whole audit before run 1, of the same sources", message)
    keep { ["01"] = "good" }
    assert.same({ nil, "another audit has ended meanwhile" }, { compared.with_earlier(opened, "default", run) })
  end)
end)
