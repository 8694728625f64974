local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local record = require "certstat.record"

local function nothing() end

describe("certstat.record", function()
  local home, seconds

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    seconds = 1000
  end)

  after_each(function() ipc.remove_folder(home) end)

  local function begin(options)
    options = options or {}
    options.command, options.settings, options.getenv = "audit", "from=list", options.getenv or nothing
    options.home = options.home or home
    options.now = function()
      seconds = seconds + 1
      return seconds
    end
    return record.begin(options)
  end

  local function look(body)
    local opened = assert(ledger.open { home = home })
    body(opened)
    opened:close()
  end

  it("writes what was asked with the reply, before anybody has its rows", function()
    local one = assert(begin())
    one:asked { serial = "B6:7E", source = "line 1" }
    one:asked { row = { serial = "-", status = "invalid" } }
    look(function(opened) assert.equal(0, opened:info().asked) end)
    one.on_answers { { key = "b67e", answer = { status = "revoked", revoked_at = 55 } } }
    look(function(opened)
      assert.equal(2, opened:info().asked)
      assert.same({ status = "revoked", revoked_at = 55, first_revoked_at = 55, checked_at = 1002 },
        opened:latest("default", "b67e"))
      assert.is_nil(opened:runs()[1].ended)
    end)
    assert.is_true(one:finish(true))
    assert.is_true(one:finish(true))
    look(function(opened)
      assert.same({ run = 1, account = "default", command = "audit", settings = "from=list", started = 1001,
        ended = 1003, whole = true }, opened:runs()[1])
      assert.equal("", opened:check())
    end)
  end)

  it("collects errors, and writes them at the latest at its end", function()
    local one = assert(begin())
    local failed = { status = "error", class = "network", code = "NoReply" }
    one.on_answers { { key = "01", answer = failed }, { key = "02", answer = failed } }
    look(function(opened) assert.equal(0, opened:info().answers) end)
    for i = 1, 500 do one.on_answers { { key = ("%04x"):format(i), answer = failed } } end
    look(function(opened) assert.equal(500, opened:info().answers) end)
    assert.is_true(one:finish(false))
    look(function(opened)
      assert.equal(502, opened:info().answers)
      assert.equal(0, opened:info().latest)
      assert.is_false(opened:runs()[1].whole)
    end)
  end)

  it("writes long lists of what is no serial number as it goes", function()
    local one = assert(begin())
    local left = 1200
    local items = one:reading(function()
      left = left - 1
      if left >= 0 then return { serial = "no serial" } end
      return nil, "cut", { class = "network" }
    end)
    for _ = 1, 1200 do assert.same({ serial = "no serial" }, items()) end
    look(function(opened) assert.equal(1000, opened:info().asked) end)
    assert.same({ nil, "cut", { class = "network" } }, { items() })
    assert.is_true(one:finish(true))
  end)

  it("knows the key of raw bytes, and makes them printable", function()
    local one = assert(begin())
    one:asked { serial = "\182~", binary = true, source = "a\27" }
    one.on_answers { { key = "b67e", answer = { status = "good" } } }
    assert.is_true(one:finish(true))
    look(function(opened) assert.equal("", opened:check()) end)
  end)

  describe("of a run that goes on", function()
    local function items_of(list, message)
      local i = 0
      return function()
        i = i + 1
        if not list[i] then return nil, message, message and { class = "network" } end
        return { serial = list[i], source = "line " .. i }
      end
    end

    -- Reads all; returns the serials, and what it ends with.
    local function read(one, items, on_copied)
      local serials, next_item = {}, one:reading(items, on_copied)
      while true do
        local item, message, info = next_item()
        if not item then return table.concat(serials, " "), message, info end
        serials[#serials + 1] = item.serial
      end
    end

    -- A run that has read two lines, and got the answer of the first.
    local function cut_short()
      local one = assert(begin())
      assert.equal("01 02", (read(one, items_of({ "01", "02" }, "cut"))))
      one.on_answers { { key = "01", answer = { status = "revoked", revoked_at = 55 } },
        { key = "02", answer = { status = "error", class = "network" } } }
      assert.is_true(one:finish(false))
    end

    it("reads again what it has read, and goes on behind it", function()
      cut_short()
      local one, line = begin { resume = true }
      assert.equal("run 1 goes on", line)
      assert.same({ status = "revoked", revoked_at = 55, checked_at = 1002 }, one.recall("01"))
      assert.is_nil(one.recall("02")) -- an error is no answer
      assert.is_nil(one.recall("03"))
      assert.equal("01 02 03", (read(one, items_of { "01", "02", "03" })))
      one.on_answers { { key = "02", answer = { status = "good" } }, { key = "03", answer = { status = "good" } } }
      assert.is_true(one:finish(true))
      look(function(opened)
        assert.equal(3, #opened:asked(1, 0))
        assert.equal(3, opened:info().answers)
        assert.equal(3, opened:runs()[1].items)
        assert.equal("", opened:check())
      end)
    end)

    it("stops where the input is another one", function()
      cut_short()
      local rows = {
        { { "01", "03" }, "01", "line 2: expected '02', as run 1 has read it, found '03'" },
        { { "1" }, "", "line 1: expected '01', as run 1 has read it, found '1'" },
        { { "01" }, "01", "line 2: expected '02', as run 1 has read it, found the end of the input" },
        { { "zz", "02" }, "", "line 1: expected '01', as run 1 has read it, found 'zz'" },
      }
      for _, row in ipairs(rows) do
        local one = assert(begin { resume = true })
        local serials, message, info = read(one, items_of(row[1]))
        assert.equal(row[2], serials)
        assert.equal(row[3], message)
        assert.same({ class = "argument", code = "InputChanged" }, info)
        assert.is_true(one:finish(false))
      end
      look(function(opened) assert.equal(2, opened:info().asked) end)
    end)

    it("passes on what keeps its source from going on", function()
      cut_short()
      local one = assert(begin { resume = true })
      assert.same({ "01", "cut", { class = "network" } }, { read(one, items_of({ "01" }, "cut")) })
    end)

    it("is one that nobody else is at", function()
      local one = assert(begin())
      assert.same({ nil, ("ledger: %s/ledger.db: run 1 is still going on, in another process"):format(home),
        { class = "limit", code = "LedgerRunning" } }, { begin { resume = true } })
      assert.is_true(one:finish(true))
    end)

    it("begins where there is none to go on with", function()
      local one, line = begin { resume = true }
      assert.equal("no run to go on with: run 1 begins", line)
      assert.is_true(one:finish(true))
    end)

    it("takes a copied source from its copy, also where it is another by then", function()
      local one = assert(begin { copied = true })
      assert.equal("01 02", (read(one, items_of { "01", "02" })))
      assert.is_true(one:finish(false))
      one = assert(begin { copied = true, resume = true })
      assert.equal("01 02", (read(one, function() error("it is not read again") end)))
      assert.is_true(one:finish(true))
      look(function(opened) assert.equal(2, opened:info().asked) end)
    end)

    it("says how far the copy is, and may be interrupted at it", function()
      local list, seen = {}, {}
      for i = 1, 1200 do list[i] = ("%04x"):format(i) end
      local one = assert(begin { copied = true })
      local function interrupt()
        seen[#seen + 1] = one:copying()
        if #seen == 2 then error("interrupted!", 0) end
      end
      assert.same({ false, "interrupted!" }, { pcall(read, one, items_of(list), interrupt) })
      assert.same({ 500, 1000 }, seen)
      assert.is_true(one:finish(false))
      one = assert(begin { copied = true, resume = true })
      assert.equal(0, one:copying())
      assert.equal(1200 * 5 - 1, #read(one, items_of(list), function() end))
      assert.is_nil(one:copying())
      assert.is_true(one:finish(true))
    end)

    it("begins anew where its source was not copied whole", function()
      local one = assert(begin { copied = true })
      assert.same({ "", "cut", { class = "network" } }, { read(one, items_of({ "01", "02" }, "cut")) })
      assert.is_true(one:finish(false))
      local line
      one, line = begin { copied = true, resume = true }
      assert.equal("run 1 was cut short before the list was whole: run 2 begins", line)
      assert.equal("01 02", (read(one, items_of { "01", "02" })))
      assert.is_true(one:finish(true))
    end)

    it("does not go on with a copy that could not be written", function()
      local one = assert(begin { copied = true })
      look(function(opened)
        assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
        assert.equal(1, opened:compact(1))
      end)
      local serials, message, info = read(one, items_of { "01" })
      assert.equal("", serials)
      assert.equal(("ledger: %s/ledger.db: has no run 1"):format(home), message)
      assert.equal("argument", info.class)
    end)
  end)

  it("uses the account that is named", function()
    local one = assert(begin { account = "other" })
    one.on_answers { { key = "01", answer = { status = "good" } } }
    assert.is_true(one:finish(true))
    look(function(opened) assert.equal("good", opened:latest("other", "01").status) end)
    local none, message = begin { account = "../x" }
    assert.is_nil(none)
    assert.equal("account: expected 1 to 64 letters, digits, '.', '_' or '-', no '.' in front, found '../x'", message)
  end)

  it("says once what could not be written, and goes on without", function()
    local one = assert(begin())
    look(function(opened)
      assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
      assert.equal(1, opened:compact(1))
    end)
    for _ = 1, 3 do one.on_answers { { key = "01", answer = { status = "good" } } } end
    local none, message, info = one:finish(true)
    assert.is_nil(none)
    assert.equal(("ledger: %s/ledger.db: has no run 1; this run's record is not whole"):format(home), message)
    assert.same({ class = "argument", code = "Ledger" }, info)
  end)

  it("fails where the home that was named can't be used", function()
    local none, message, info = begin { home = "/dev/null" }
    assert.is_nil(none)
    assert.equal("ledger: /dev/null: expected a folder, found something else", message)
    assert.equal("argument", info.class)
  end)

  it("keeps nothing where the usual home can't be used, unless the record is required", function()
    local function getenv(name) return name == "XDG_STATE_HOME" and "/dev/null" or nil end
    local options = { command = "audit", settings = "x", getenv = getenv }
    local one, message = record.begin(options)
    assert.equal("ledger: /dev/null/certstat: Not a directory; this run is not recorded", message)
    one:asked { serial = "01" }
    one.on_answers { { key = "01", answer = { status = "good" } } }
    assert.is_true(one:finish(true))
    options.required = true
    assert.same({ nil, "ledger: /dev/null/certstat: Not a directory", { class = "argument", code = "Ledger" } },
      { record.begin(options) })
    one, message = record.begin { command = "audit", settings = "x", getenv = nothing }
    assert.equal("ledger: neither CERTSTAT_HOME nor HOME is set; this run is not recorded", message)
    assert.is_true(one:finish(true))
  end)

  describe("without the module", function()
    local kept

    before_each(function()
      kept = package.loaded["certstat.ledger"]
      package.loaded["certstat.ledger"] = nil
    end)

    after_each(function()
      package.loaded["certstat.ledger"], package.preload["certstat.ledger"] = kept, nil
    end)

    local missing = "the ledger is not installed; the rock certstat-ledger brings it"

    it("says which rock brings it", function()
      local cpath = package.cpath
      package.cpath = ""
      local found = { record.open { home = home, getenv = nothing } }
      local one, message = begin()
      local required = { begin { required = true } }
      package.cpath = cpath
      assert.same({ nil, missing, { class = "argument", code = "LedgerMissing" }, true }, found)
      assert.equal(missing .. "; this run is not recorded", message)
      assert.is_true(one:finish(true))
      assert.same({ nil, missing, { class = "argument", code = "LedgerMissing" } }, required)
    end)

    it("says what else keeps it from being loaded", function()
      package.preload["certstat.ledger"] = function() error("libsqlite3.so.0: cannot open\nshared object", 0) end
      local none, message = record.open { home = home, getenv = nothing }
      assert.is_nil(none)
      assert.is_truthy(message:find("libsqlite3.so.0: cannot open", 1, true))
      assert.is_nil(message:find("\n"))
    end)
  end)
end)
