local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

local ANSWERS = { ["084bde"] = { status = "good" }, ["b67e"] = { status = "revoked", revoked_at = 55 } }

describe("the record of", function()
  local home

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-XXXXXX"))
  end)

  after_each(function()
    ipc.remove_folder(home)
  end)

  local function look(body)
    local opened = assert(ledger.open { home = home })
    body(opened, opened:runs()[1], opened:info())
    opened:close()
  end

  it("an audit has what was asked and answered", function()
    local code, _, err = fake.run({ "audit", "--from", "-", "--quiet", "--home", home, "--account", "mine" },
      { stdin = "084bde\nB6:7E\n1,2\n", answers = ANSWERS })
    assert.equal("", err)
    assert.equal(1, code)
    look(function(opened, run, facts)
      assert.equal("audit", run.command)
      assert.equal("mine", run.account)
      assert.equal("from=- endpoint= region=", run.settings)
      assert.is_true(run.whole)
      assert.equal(3, facts.asked)
      assert.equal(2, facts.answers)
      assert.equal(55, opened:latest("mine", "b67e").revoked_at)
      assert.equal("", opened:check())
    end)
  end)

  it("an audit that was cut short says so", function()
    local code = fake.run({ "audit", "--quiet", "--home", home },
      { certificates = { { serial = "084bde", identifier = "1" } }, list_failure = { "cut", { class = "network" } },
        answers = ANSWERS })
    assert.equal(3, code)
    look(function(_, run)
      assert.is_false(run.whole)
    end)
  end)

  it("serials of status is kept where that is asked for", function()
    assert.equal(1, (fake.run({ "status", "--record", "--home", home, "084bde", "b67e" }, { answers = ANSWERS })))
    look(function(_, run, facts)
      assert.equal("status", run.command)
      assert.equal("from=arguments endpoint= region=", run.settings)
      assert.equal(2, facts.asked)
    end)
    assert.equal(1, (fake.run({ "status", "--home", home, "b67e" }, { answers = ANSWERS })))
    look(function(opened)
      assert.equal(1, #opened:runs())
    end)
  end)

  it("an audit can't be kept in a home that is none: exit 4, and nothing is asked", function()
    for _, argv in ipairs({ { "audit" }, { "status", "--record", "01" } }) do
      argv[#argv + 1] = "--home=/dev/null"
      local world = {}
      local code, out, err = fake.run(argv, world)
      assert.equal("certstat: ledger: /dev/null: expected a folder, found something else\n", err)
      assert.equal("", out)
      assert.equal(4, code)
      assert.equal(1, world.client.closed)
    end
  end)

  it("an audit is missed in one line where nobody named a home", function()
    local code, out, err = fake.run({ "audit", "--from", "-", "--quiet" },
      { stdin = "084bde\n", answers = ANSWERS, unrecorded = "ledger: no room; this run is not recorded" })
    assert.equal("certstat: ledger: no room; this run is not recorded\n", err)
    assert.is_truthy(out:find("good", 1, true))
    assert.equal(0, code)
  end)

  it("a run that could not be kept whole costs exit code 3", function()
    local broken = {
      on_answers = function() end,
      asked = function() end,
      reading = function(_, items)
        return items
      end,
      finish = function()
        return nil, "ledger: the disk is full; this run's record is not whole", { class = "limit" }
      end,
    }
    for _, argv in ipairs({ { "audit", "--from", "-", "--quiet" }, { "status", "--record", "--quiet", "084bde" } }) do
      local code, out, err = fake.run(argv, { stdin = "084bde\n", answers = ANSWERS, record = broken })
      assert.equal("certstat: ledger: the disk is full; this run's record is not whole\n", err)
      assert.is_truthy(out:find("good", 1, true))
      assert.equal(3, code)
    end
  end)

  it("an audit whose report can't be written is closed", function()
    local code = fake.run({ "audit", "--from", "-", "--home", home, "--output", "/nonexistent/x" }, { stdin = "01\n" })
    assert.equal(4, code)
    look(function(_, run)
      assert.is_false(run.whole)
    end)
  end)
end)
