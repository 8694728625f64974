local interrupt = require "certstat.command.interrupt"

describe("command.interrupt", function()
  it("knows what lua raises at SIGINT", function()
    assert.is_true(interrupt.is("interrupted!"))
    assert.is_true(interrupt.is("audit.lua:12: interrupted!"))
    assert.is_false(interrupt.is("attempt to index nil"))
    assert.is_false(interrupt.is({}))
  end)

  local held

  local function hold(yes)
    held[#held + 1] = yes
  end

  before_each(function()
    held = {}
  end)

  it("gives back true for what ran to its end", function()
    assert.is_true(interrupt.guard(hold, function() end))
  end)

  it("lets signals come where the body lets them, and nowhere else", function()
    interrupt.guard(hold, function(gap)
      assert.same({ true }, held)
      gap()
      assert.same({ true, false, true }, held)
    end)
    assert.same({ true, false, true, true }, held)
  end)

  it("holds them back after an interruption", function()
    interrupt.guard(hold, function()
      hold(false)
      error("interrupted!")
    end)
    assert.is_true(held[#held])
  end)

  it("says where a run was interrupted", function()
    assert.same({ nil, "interrupted" }, { interrupt.guard(hold, function()
      error("interrupted!")
    end) })
  end)

  it("lets other errors pass as they are", function()
    local problem = {}
    local fine, raised = pcall(interrupt.guard, hold, function()
      error(problem)
    end)
    assert.is_false(fine)
    assert.equal(problem, raised)
  end)

  it("lets signals come while a file is read", function()
    local file = interrupt.reading(hold, { read = function(_, n)
      assert.is_false(held[#held])
      return nil, "no " .. n
    end })
    assert.same({ nil, "no 7" }, { file:read(7) })
    assert.same({ false, true }, held)
  end)
end)
