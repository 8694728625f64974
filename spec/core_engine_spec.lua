-- The engine is tested in spec/c/core/engine_test.c; this is about the binding.
local core = require "certstat.core"

local S = 1000000000
local START = 1000 * S

describe("core.engine", function()
  local engine

  before_each(function() engine = core.engine { seed = "12345678" } end)

  it("leads a call from its submission to its end", function()
    assert.is_true(engine:submit(7, "audit", START + 60 * S, START))
    assert.same({ 7, "permit", "audit" }, { engine:due(START) })
    assert.same({ 1, 7 }, { engine:waiting(0, START) })
    engine:blocked("audit", 2 * S, START)
    assert.same({ 0 }, { engine:waiting(S, START) })
    assert.same({ nil }, { engine:due(START) })
    assert.equal(2 * S, engine:next(START))
    assert.equal(7, (engine:due(START + 2 * S)))
    engine:unblocked()
    assert.equal(7, (engine:due(START)))
    assert.equal(1, engine:granted(7))
    assert.same({ nil }, { engine:due(START) })
    assert.is_nil(engine:next(START))
    assert.equal("retry", engine:settle(7, "throttled", 3 * S, START))
    assert.equal(3 * S, engine:next(START))
    assert.equal(2, engine:granted(7))
    assert.equal("settled", engine:settle(7, "done", 0, START))
    assert.is_nil(engine:next(START))
  end)

  it("puts lanes in their order", function()
    for id, lane in ipairs { "audit", "interactive", "gate" } do
      assert.is_true(engine:submit(id, lane, START + S, START))
    end
    for id = 3, 1, -1 do
      assert.equal(id, (engine:due(START)))
      engine:granted(id)
    end
  end)

  it("tells how a call ended", function()
    local function settle(outcome, least)
      engine:submit(1, "gate", START + 60 * S, START)
      engine:granted(1)
      local settled = engine:settle(1, outcome, least or 0, START)
      engine:cancel(1)
      return settled
    end
    for outcome, settled in pairs { done = "settled", failed = "settled", retry = "retry", throttled = "retry",
      again = "retry", late = "retry" } do
      assert.equal(settled, settle(outcome))
    end
    assert.equal("deadline", settle("retry", 60 * S))
    engine = core.engine { seed = "", attempts = 1 }
    assert.equal("attempts", settle("retry"))
  end)

  it("gives up a call that is late", function()
    engine:submit(1, "gate", START + S, START)
    assert.same({ 1, "expired" }, { engine:due(START + S) })
    assert.same({ 1, "expired" }, { engine:due(START + S) }) -- until it is taken back
    engine:cancel(1)
    engine:submit(1, "gate", START + S, START)
    engine:blocked("gate", S, START)
    assert.same({ 1, "expired" }, { engine:due(START) })
    engine:cancel(1)
    assert.equal(0, engine:granted(1))
  end)

  it("returns what it can't queue", function()
    engine = core.engine { seed = "", capacity = 1 }
    assert.is_true(engine:submit(1, "gate", START + S, START))
    local rows = {
      { { 1, "gate", START + S, START }, "argument", "a call of this id is on its way already" },
      { { 2, "gate", START + S, START }, "limit", "too many calls wait at once" },
    }
    for _, row in ipairs(rows) do
      local ok, message, info = engine:submit(row[1][1], row[1][2], row[1][3], row[1][4])
      assert.is_nil(ok)
      assert.equal(row[3], message)
      assert.same({ class = row[2] }, info)
    end
    engine:cancel(1)
    local ok, message, info = engine:submit(2, "gate", START, START)
    assert.is_nil(ok)
    assert.equal("the call's deadline has passed", message)
    assert.same({ class = "deadline" }, info)
  end)

  it("takes its options", function()
    engine = core.engine { seed = "", attempts = 2, base_ns = 1, cap_ns = 1, capacity = 100000 }
    engine:submit(1, "gate", START + S, START)
    engine:granted(1)
    assert.equal("retry", engine:settle(1, "retry", 0, START))
    assert.is_true(engine:next(START) <= 1)
    engine:granted(1)
    assert.equal("attempts", engine:settle(1, "retry", 0, START))
  end)

  it("raises on misuse", function()
    local rows = {
      { function() core.engine() end, "table expected, got n" },
      { function() core.engine { capacity = 0 } end, "engine: expected a capacity from 1 to 100000$" },
      { function() core.engine { capacity = 100001 } end, "engine: expected a capacity from 1 to 100000$" },
      { function() core.engine { attempts = 1001 } end, "engine: expected at most 1000 attempts$" },
      { function() core.engine { attempts = -1 } end, "engine: expected at most 1000 attempts$" },
      { function() core.engine { attempts = 2 ^ 32 } end, "engine: expected at most 1000 attempts$" },
      { function() core.engine { seed = 5 } end, "field 'seed': expected a string, found number$" },
      { function() engine:submit(1, "fast", START, START) end, "invalid option 'fast'" },
      { function() engine:submit("x", "gate", START, START) end, "number expected, got string" },
      { function() engine:submit(1, "gate", START, -1) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:submit(1, "gate", 2 ^ 63, START) end, "number out of range" },
      { function() engine:due(2 ^ 62 + 1024) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:due(-1) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:waiting(-1, START) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:next(-1) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:blocked("fast", 1, START) end, "invalid option 'fast'" },
      { function() engine:blocked("gate", -1, START) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine:settle(1, "good", 0, START) end, "invalid option 'good'" },
      { function() engine:settle(1, "done", 0, -1) end, "expected nanoseconds, from 0 to 2%^62" },
      { function() engine.due(core.quota {}, START) end, "certstat.engine expected" },
    }
    for _, row in ipairs(rows) do
      assert.error_matches(row[1], row[2])
    end
  end)

  it("has nothing to close", function()
    engine:submit(1, "gate", START + S, START)
    engine:close()
    engine:close()
    assert.equal(1, (engine:due(START)))
    assert.is_false(getmetatable(engine))
  end)

  it("waits by chance, which the seed makes", function()
    local function wait(seed)
      local other = core.engine { seed = seed }
      other:submit(1, "gate", START + 60 * S, START)
      other:granted(1)
      other:settle(1, "retry", 0, START)
      return other:next(START)
    end
    assert.equal(wait("12345678"), wait("12345678"))
    assert.not_equal(wait("12345678"), wait("12345679"))
    assert.not_equal(wait("a12345678"), wait("b12345678")) -- all bytes of a longer one count
  end)
end)
