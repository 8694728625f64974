-- The rule is tested in spec/c/core/quota_test.c, the file in spec/c/ipc/; this is about the Lua face. Time stands
-- still unless a test moves it.
local certstat = require "certstat"
local host = require "certstat.host"
local ipc = require "certstat.ipc"

local now_ns = ipc.now_ns
local time = 1000e9

before_each(function()
  time = 1000e9
  ipc.now_ns = function() return time end
end)
after_each(function() ipc.now_ns = now_ns end)

local function take_all(quota, lane)
  local permits = {}
  for wait, permit in function() return quota:take(lane) end do
    if wait > 0 then return permits, wait end
    permits[#permits + 1] = permit
  end
end

describe("certstat.quota", function()
  it("permits ten calls a second to begin with", function()
    local quota = certstat.quota()
    local permits, wait = take_all(quota)
    assert.equal(10, #permits)
    assert.is_true(wait > 1 and wait < 1.5)
    for _, permit in ipairs(permits) do quota:sent(permit) end
    wait = quota:take()
    assert.is_true(wait > 1.0999 and wait < 1.1001)
    time = time + wait * 1e9 + 10
    assert.equal(0, (quota:take()))
  end)

  it("takes rate, window, guard and hold in calls and seconds", function()
    local quota = certstat.quota { rate = 3, window = 10, guard = 0.5, hold = 2 }
    local permits, wait = take_all(quota)
    assert.equal(3, #permits)
    assert.is_true(wait >= 12.5 and wait < 12.51)
    for _, permit in ipairs(permits) do quota:sent(permit) end
    wait = quota:take()
    assert.is_true(wait > 10.499 and wait < 10.501)
  end)

  it("takes a permit back", function()
    local quota = certstat.quota { rate = 1 }
    local wait, permit = quota:take()
    assert.equal(0, wait)
    assert.is_true(quota:take() > 0)
    quota:give_back(permit)
    assert.equal(0, (quota:take()))
  end)

  it("lets a lane that waits go before a lower one", function()
    local quota = certstat.quota { rate = 1, guard = 0, hold = 0 }
    local _, permit = quota:take()
    quota:sent(permit)
    assert.is_true(quota:take("gate") > 0.99)
    time = time + 1.01e9
    assert.is_true(quota:take() > 0)
    assert.is_true(quota:take("audit") > 0)
    assert.equal(0, (quota:take("gate")))
  end)

  it("pauses", function()
    local quota = certstat.quota()
    quota:pause(7)
    local wait = quota:take()
    assert.is_true(wait > 6.999 and wait <= 7)
  end)

  it("has a guard that follows the replies it is told of", function()
    local quota = certstat.quota { rate = 1, hold = 0 }
    for _ = 1, 99 do quota:replied(0.005) end
    quota:replied(0.145)
    quota:take()
    local wait = quota:take()
    assert.is_true(wait > 1.1499 and wait < 1.1501)
  end)

  it("is shared by those who name one file", function()
    local folder = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    local file = folder .. "/shared"
    local one = assert(certstat.quota { rate = 4, file = file })
    local other = assert(certstat.quota { rate = 4, file = file })
    time = now_ns()
    assert.is_true(one:take() > 1) -- a new file counts as a window just used up
    time = time + 2e9
    for i = 1, 4 do assert.equal(0, ((i % 2 == 0 and one or other):take())) end
    assert.is_true(one:take() > 1)
    assert.is_true(other:take() > 1)
    one:close()
    one:close()
    other:close()
    ipc.remove_folder(folder)
  end)

  it("returns that a file can't be used", function()
    local quota, message, info = certstat.quota { file = "/dev/null/quota" }
    assert.is_nil(quota)
    assert.truthy(message:find("^quota: "))
    assert.is_string(info.class)
  end)

  it("in a server is not opened before its use, by the user who serves", function()
    local detect = host.detect
    host.detect = function() return { forks = true } end
    local folder = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    local good = certstat.quota { file = folder .. "/quota" }
    local bad = certstat.quota { file = "/dev/null/quota" }
    host.detect = detect
    assert.is_nil(ipc.facts(folder .. "/quota"))
    assert.is_true(good:take() > 0)
    assert.equal("file", ipc.facts(folder .. "/quota").kind)
    local wait, message, info = bad:take()
    assert.is_nil(wait)
    assert.equal("quota: /dev/null: expected a folder, found something else", message)
    assert.same({ class = "limit", code = "QuotaFile" }, info)
    good:close()
    bad:close()
    ipc.remove_folder(folder)
  end)

  it("raises on misuse", function()
    local rows = {
      { "ten", "quota: expected a table, found string" },
      { { gaurd = 1 }, "quota: unknown field 'gaurd'" },
      { { rate = 0 }, "quota: field 'rate': expected a number from 1 to 400, found 0" },
      { { rate = 401 }, "quota: field 'rate': expected a number from 1 to 400, found 401" },
      { { rate = 2.5 }, "quota: field 'rate': expected a whole number, found 2.5" },
      { { rate = "1\0270" }, "quota: field 'rate': expected a number from 1 to 400, found 1\\x1B0" },
      { { rate = 0 / 0 }, "quota: field 'rate': expected a number from 1 to 400, found " .. tostring(0 / 0) },
      { { window = 0 }, "quota: field 'window': expected a number from 0.001 to 86400, found 0" },
      { { window = 1e9 }, "quota: field 'window': expected a number from 0.001 to 86400, found 1" },
      { { guard = -1 }, "quota: field 'guard': expected a number from 0 to 86400, found -1" },
      { { hold = -1 }, "quota: field 'hold': expected a number from 0 to 120, found -1" },
      { { hold = true }, "quota: field 'hold': expected a number from 0 to 120, found true" },
      { { file = "" }, "quota: field 'file': expected a path, found " },
      { { file = 5 }, "quota: field 'file': expected a path, found 5" },
      { { file = "a\0b" }, "quota: field 'file': expected a path, found a\\x00b" },
    }
    for _, row in ipairs(rows) do
      assert.error_matches(function() certstat.quota(row[1]) end, row[2]:gsub("[-.]", "%%%0"))
    end
    assert.error_matches(function() certstat.quota():take("fast") end, "invalid option 'fast'")
    assert.error_matches(function() certstat.quota():sent() end, "number expected, got n")
    assert.error_matches(function() certstat.quota():give_back("x") end, "number expected, got string")
  end)
end)
