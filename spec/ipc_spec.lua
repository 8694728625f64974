local ipc = require "certstat.ipc"

describe("certstat.ipc", function()
  it("has three clocks, in nanoseconds", function()
    for _, clock in ipairs { ipc.now_ns, ipc.thread_ns } do
      local first, second = clock(), clock()
      assert.is_true(first > 0 and second >= first)
    end
    local seconds = os.time()
    assert.is_true(math.abs(ipc.wall_ns() / 1e9 - seconds) < 5)
  end)

  it("gives whole nanoseconds, as integers where Lua has them", function()
    local type_of = rawget(math, "type")
    if type_of then
      assert.are.equal("integer", type_of(ipc.now_ns()))
    else
      assert.are.equal(0, ipc.now_ns() % 1)
    end
  end)

  it("gives as many random bytes as asked, others each time", function()
    assert.are.equal("", ipc.random(0))
    assert.are.equal(1024, #ipc.random(1024))
    assert.are_not.equal(ipc.random(16), ipc.random(16))
  end)

  it("says how many random bytes there can be", function()
    for _, wrong in ipairs { -1, 1025 } do
      local ok, message = pcall(ipc.random, wrong)
      assert.is_false(ok)
      assert.is_truthy(message:find("bad argument #1 to '?.-'? %(expected 0 to 1024%)"), message)
    end
  end)

  it("knows a descriptor that is no terminal", function()
    assert.is_false(ipc.isatty(9999))
  end)
end)
