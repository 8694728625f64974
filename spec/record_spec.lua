local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local record = require "certstat.record"

local function nothing() end

describe("certstat.record", function()
  local home, seconds

  before_each(function()
    home = assert(ipc.temporary_folder("/tmp/certstat-spec-XXXXXX"))
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
