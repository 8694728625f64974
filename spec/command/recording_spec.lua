local cjson = require("cjson").new()
local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

local ANSWERS = { ["084bde"] = { status = "good" }, ["b67e"] = { status = "revoked", revoked_at = 55 } }

describe("the record of", function()
  local home

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
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
      assert.equal("endpoint=https://cas.example from=-", run.settings)
      assert.is_true(run.whole)
      assert.equal(3, facts.asked)
      assert.equal(2, facts.answers)
      assert.equal(55, opened:latest("mine", "b67e").revoked_at)
      assert.equal("", opened:check())
    end)
  end)

  it("an audit has all of its settings, however long, and from where it asked", function()
    local column = ("x"):rep(3000)
    local source = ("csv:%s:-"):format(column)
    fake.run({ "audit", "--from", source, "--home", home, "--endpoint", "https://a.example" },
      { stdin = column .. "\n01\n" })
    look(function(_, run)
      assert.equal("endpoint=https://a.example from=" .. source, run.settings)
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
      assert.equal("endpoint=https://cas.example from=arguments", run.settings)
      assert.equal(2, facts.asked)
    end)
    assert.equal(1, (fake.run({ "status", "--home", home, "b67e" }, { answers = ANSWERS })))
    look(function(opened)
      assert.equal(1, #opened:runs())
    end)
  end)

  it("serials of status that was interrupted says so", function()
    local code = fake.run({ "status", "--record", "--home", home, "--quiet", "084bde" }, {
      answers = ANSWERS,
      hold_signals = function(hold)
        if not hold then
          error("interrupted!", 0)
        end
      end,
    })
    assert.equal(3, code)
    look(function(opened, run, facts)
      assert.is_false(run.whole)
      assert.equal(1, facts.asked)
      assert.is_nil(opened:latest("default", "084bde"))
      assert.equal("", opened:check())
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

  it("an audit whose home is deleted meanwhile has its rows, and says that they are not recorded: exit 3", function()
    local client = fake.client
    finally(function() fake.client = client end)
    function fake.client(...)
      local made = client(...)
      local audit = made.audit
      function made.audit(...)
        os.rename(home .. "/ledger.db", home .. "/gone")
        return audit(...)
      end
      return made
    end
    local code, out, err = fake.run({ "audit", "--from", "-", "--quiet", "--format", "tsv", "--home", home },
      { stdin = "084bde\n", answers = ANSWERS })
    assert.equal(("certstat: ledger: %s/ledger.db: has been deleted or replaced while it was in use; "
      .. "this run's record is not whole\n"):format(home), err)
    assert.is_truthy(out:find("\n084bde\t084bde\tgood", 1, true))
    assert.equal(3, code)
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

  describe("an audit that was cut short", function()
    local LIST = { { serial = "084bde", identifier = "1", subject = "CN=a" }, { serial = "b67e", identifier = "2" } }

    local function audit(world, ...)
      world.answers = ANSWERS
      return fake.run({ "audit", "--quiet", "--format", "csv", "--home", home, ... }, world)
    end

    local whole = "serial,key,status,revoked_at,class,code,message\r\n"
      .. "084bde,084bde,good,,,,\r\nB6:7E,b67e,revoked,1970-01-01T00:00:55Z,,,\r\n"

    it("goes on: what was answered is not asked again", function()
      local cut = { stdin = "084bde\nB6:7E\n" }
      audit(cut, "--from", "-")
      look(function(opened)
        assert.is_true(opened:record { account = "default", checked_at = 1, run = 1 })
      end)
      local opened = assert(ledger.open { home = home })
      assert(opened:begin_run { account = "default", command = "audit",
        settings = "endpoint=https://cas.example from=-", started = 1 })
      assert(opened:record { account = "default", run = 2, checked_at = 1,
        asked = { { position = 1, key = "084bde", given = "084bde", source = "line 1" } },
        answers = { { key = "084bde", status = "good" } } })
      opened:close()
      local code, out, err = audit({ stdin = "084bde\nB6:7E\n" }, "--from", "-", "--resume")
      assert.equal("certstat: run 2 goes on\n", err)
      assert.equal(whole, out)
      assert.equal(1, code)
      look(function(again, run)
        assert.equal(2, run.run)
        assert.is_true(run.whole)
        assert.equal(2, run.items)
        assert.equal(2, #again:asked(2, 0))
        assert.equal("", again:check())
      end)
      code, out, err = audit({ stdin = "084bde\nB6:7E\n" }, "--from", "-", "--resume")
      assert.equal("certstat: no run to go on with: run 3 begins\n", err)
      assert.equal(whole, out)
      assert.equal(1, code)
      code, out, err = audit({ stdin = "01\n" }, "--from", "-", "--resume", "3")
      assert.equal("certstat: ledger: run 3 is whole: nothing of it is left to be done\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)

    it("copies what the service lists, and goes on with the copy", function()
      local code = audit({ certificates = LIST, raises = "interrupted!" })
      assert.equal(3, code)
      look(function(_, run)
        assert.is_nil(run.items)
      end)
      local err
      local out
      code, out, err = audit({ certificates = LIST }, "--resume")
      assert.equal("certstat: run 1 was cut short before the list was whole: run 2 begins\n", err)
      assert.equal(whole:gsub("B6:7E", "b67e"), out)
      assert.equal(1, code)
      look(function(opened, run)
        assert.equal(2, run.items)
        local asked = opened:asked(2, 0)
        assert.same({ identifier = "1", subject = "CN=a" }, cjson.decode(asked[1].details))
        assert.same({ position = 2, key = "b67e", given = "b67e", source = "2", details = '{"identifier":"2"}' },
          asked[2])
      end)
      local opened = assert(ledger.open { home = home })
      assert(opened:begin_run { account = "default", command = "audit",
        settings = "endpoint=https://cas.example from=list", started = 1 })
      assert(opened:record { account = "default", run = 3, checked_at = 1, items = 1,
        asked = { { position = 1, key = "b67e", given = "b67e" } } })
      opened:close()
      code, out, err = audit({ certificates = LIST }, "--resume")
      assert.equal("certstat: run 3 goes on\n", err)
      assert.equal("serial,key,status,revoked_at,class,code,message\r\n"
        .. "b67e,b67e,revoked,1970-01-01T00:00:55Z,,,\r\n", out)
      assert.equal(1, code)
    end)

    it("tells how far the copy is to who asks", function()
      local list = {}
      for i = 1, 501 do
        list[i] = { serial = ("%04x"):format(i), identifier = tostring(i) }
      end
      local _, _, err = audit({ certificates = list, asked = { false, true } })
      assert.equal("certstat: listed 500 of 501 (99 %), 1,000 a second, 0.0 s left\ncertstat: 0 serials\n"
        .. "certstat: 2 calls, 0 throttled, 1 retry, 0.5 s\n", err)
    end)

    it("goes on only behind what it has read: where the input has grown, but not where it is another", function()
      local rows = {
        -- the input by now, the exit code, what is said, the rows
        { "084bde\nb67e\n05\n", 1, "", "084bde good b67e revoked 05 absent" },
        { "084bde\nb67e\n", 1, "", "084bde good b67e revoked" },
        { "084bde\n", 3, "-:1: expected 'b67e', as run 1 has read it, found the end of the input", "084bde good" },
        { "084bde\n07\nb67e\n", 3, "-:2: expected 'b67e', as run 1 has read it, found '07'", "084bde good" },
        { "b67e\n084bde\n", 4, "-:1: expected '084bde', as run 1 has read it, found 'b67e'", "" },
      }
      for _, row in ipairs(rows) do
        ipc.remove_folder(home)
        local opened = assert(ledger.open { home = home, create = true })
        assert(opened:begin_run { account = "default", command = "audit",
          settings = "endpoint=https://cas.example from=-", started = 1 })
        assert(opened:record { account = "default", run = 1, checked_at = 1, asked = {
          { position = 1, key = "084bde", given = "084bde", source = "-:1" },
          { position = 2, key = "b67e", given = "b67e", source = "-:1" },
        } })
        opened:close()
        local code, out, err = audit({ stdin = row[1] }, "--from", "-", "--resume")
        assert.equal("certstat: run 1 goes on\n" .. (row[3] ~= "" and "certstat: " .. row[3] .. "\n" or ""), err)
        local shown = {}
        for serial, status in out:gmatch("\n(%x+),%x*,(%l+)") do
          shown[#shown + 1] = serial .. " " .. status
        end
        assert.equal(row[4], table.concat(shown, " "))
        assert.equal(row[2], code)
      end
    end)

    it("does not go on with other settings, unless it is told", function()
      local opened = assert(ledger.open { home = home, create = true })
      assert(opened:begin_run { account = "default", command = "audit",
        settings = "endpoint=https://cas.example from=old", started = 1 })
      opened:close()
      local code, out, err = audit({ stdin = "084bde\n" }, "--from", "-", "--resume")
      assert.equal("certstat: ledger: run 1 was cut short with other settings, 'endpoint=https://cas.example "
        .. "from=old', found 'endpoint=https://cas.example from=-'; --force goes on with it nevertheless\n", err)
      assert.equal("", out)
      assert.equal(4, code)
      code, out, err = audit({ stdin = "084bde\n" }, "--from", "-", "--resume", "1", "--force")
      assert.equal("certstat: run 1 goes on\n", err)
      assert.is_truthy(out:find("084bde,good", 1, true))
      assert.equal(0, code)
    end)

    it("does not go on where there is no ledger", function()
      local code, out, err = fake.run({ "audit", "--home", "/dev/null", "--resume" }, {})
      assert.equal("certstat: ledger: /dev/null: expected a folder, found something else\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end)

  it("an audit whose report can't be written is closed", function()
    local code = fake.run({ "audit", "--from", "-", "--home", home, "--output", "/nonexistent/x" }, { stdin = "01\n" })
    assert.equal(4, code)
    look(function(_, run)
      assert.is_false(run.whole)
    end)
  end)
end)
