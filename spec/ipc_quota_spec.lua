-- The file is tested in spec/c/ipc/quota_file_test.c; this is about the binding, on every Lua's numbers.
local ipc = require "certstat.ipc"

local S = 1000000000
local HOLD = S / 4
local UNUSED = 1100000000 + HOLD -- after so long a new file permits calls

describe("ipc.quota", function()
  local folder, now

  local function open(options)
    options = options or { rate = 2, guard_ns = S / 10 }
    options.home, options.name = options.home or folder .. "/home", options.name or "quota/default"
    return assert(ipc.quota(options))
  end

  before_each(function()
    folder = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    now = ipc.now_ns() + 1000 * S
  end)

  after_each(function() ipc.remove_folder(folder) end)

  local function open_usable(options)
    local quota = open(options)
    assert.is_true(quota:take("audit", now, HOLD) > 0)
    now = now + UNUSED
    return quota
  end

  it("gives permits, and then the time to wait, to all who open the file", function()
    local one, two = open_usable(), open()
    local wait, permit = one:take("gate", now, HOLD)
    assert.equal(0, wait)
    assert.is_true(permit >= now + HOLD and permit < now + HOLD + 2048)
    assert.equal(0, (two:take("gate", now, HOLD)))
    assert.equal(1, select("#", two:take("gate", now, HOLD)))
    assert.is_true(one:take("gate", now, HOLD) >= UNUSED)
    two:sent(permit, now + 5)
    assert.equal(1100000000 + 5, (one:take("gate", now, HOLD)))
  end)

  it("takes a permit back", function()
    local quota = open_usable()
    local _, first = quota:take("gate", now, HOLD)
    local _, second = quota:take("gate", now, HOLD)
    assert.not_equal(first, second)
    quota:give_back(first)
    assert.equal(0, (quota:take("gate", now, HOLD)))
    assert.is_true(quota:take("gate", now, HOLD) > 0)
  end)

  it("pauses for all", function()
    local one, two = open_usable(), open()
    one:pause(now + 5 * S, now)
    assert.equal(5 * S, (two:take("audit", now, HOLD)))
  end)

  it("keeps the retries of all within a budget", function()
    local one, two = open(), open()
    for i = 1, 10 do assert.equal(0, (i % 2 == 0 and one or two):retry(now)) end
    assert.equal(2 * S, one:retry(now, 0))
    assert.equal(2 * S, two:retry(now, 2 * S))
    assert.equal(4 * S, one:retry(now))
    for _ = 1, 30 do two:reward(now) end
    assert.equal(0, one:retry(now))
  end)

  it("has a guard that follows the replies of all, if no other is given", function()
    local one, two = open_usable { rate = 1 }, open { rate = 1 }
    for _ = 1, 100 do two:replied(now, now + 50000000) end
    two:replied(now, now + 80000000)
    assert.equal(0, (one:take("gate", now, 0)))
    assert.is_true(math.abs(1040000000 - one:take("gate", now, 0)) < 2048)
  end)

  it("shows what it has left, and who else has it open", function()
    local one, two = open_usable(), open()
    one:take("gate", now, HOLD)
    local view = two:look(now)
    assert.is_truthy(view.holders:find("^%d+ %("), view.holders)
    view.holders = nil
    assert.same({ rate = 2, free = 1, guard_ns = S / 10, paused_ns = 0 }, view)
    one:close()
    assert.equal("", two:look(now).holders)
    os.execute("rm -r " .. folder .. "/home && touch " .. folder .. "/home")
    local none, message, info = two:look(now)
    assert.is_nil(none)
    assert.equal(folder .. "/home: expected a folder, found a file", message)
    assert.same({ class = "limit", code = "QuotaFile" }, info)
  end)

  it("says whether all is written", function()
    local quota = open()
    assert.is_true(quota:flush(now))
  end)

  it("says what is wrong with a home", function()
    local quota, message, info = ipc.quota { home = "/tmp", name = "x" }
    assert.is_nil(quota)
    assert.equal("/tmp: can be written by others (mode 1777)", message)
    assert.same({ class = "argument", code = "QuotaFile" }, info)
  end)

  it("says that the file can't be used any more, and permits nothing", function()
    local quota = open_usable()
    assert.is_true(ipc.remove_folder(folder))
    local file = assert(io.open(folder, "w"))
    file:close()
    local wait, message, info = quota:take("gate", now, HOLD)
    assert.is_nil(wait)
    assert.equal(folder .. "/home: Not a directory", message)
    assert.same({ class = "limit", code = "QuotaFile" }, info)
    quota:sent(now, now)
    quota:give_back(now)
    assert.is_false(quota:flush(now))
    os.remove(folder)
  end)

  it("raises on misuse", function()
    local quota = open()
    local rows = {
      { function() ipc.quota() end, "table expected, got n" },
      { function() ipc.quota { name = "x" } end, "field 'home': expected a path" },
      { function() ipc.quota { home = folder, name = "" } end, "field 'name': expected a path" },
      { function() ipc.quota { home = folder, name = "a\0b" } end, "field 'name': expected a path" },
      { function() ipc.quota { home = 5, name = "x" } end, "field 'home': expected a string, found number" },
      { function() ipc.quota { home = folder, name = "x", rate = 0 } end, "quota: expected a rate from 1 to 400$" },
      { function() quota:take("fast", now, HOLD) end, "invalid option 'fast'" },
      { function() quota:take("gate", "now", HOLD) end, "number expected, got string" },
      { function() quota:take("gate", now, -1) end, "expected a time" },
      { function() quota:take("gate", -1, HOLD) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() quota.take({}, "gate", now, HOLD) end, "certstat.quota.file expected" },
    }
    for _, row in ipairs(rows) do
      assert.error_matches(row[1], row[2])
    end
  end)

  it("is closed once and for all", function()
    local quota = open()
    quota:close()
    quota:close()
    assert.error_matches(function() quota:take("gate", now, HOLD) end, "is closed")
    assert.error_matches(function() quota:flush(now) end, "is closed")
    assert.is_false(getmetatable(quota))
  end)

  it("leaves no file open behind it", function()
    local function open_files()
      local pipe = assert(io.popen("ls -l /proc/$PPID/fd | grep -c " .. folder))
      local n = pipe:read("*n")
      pipe:close()
      return n
    end
    local quota = open_usable()
    assert.equal(1, open_files())
    quota:close()
    assert.equal(0, open_files())
    open():take("gate", now, HOLD) -- and is garbage
    assert.equal(1, open_files())
    collectgarbage()
    collectgarbage()
    assert.equal(0, open_files())
  end)
end)
