local interrupt = require "certstat.command.interrupt"

describe("command.interrupt", function()
  it("knows what lua raises at SIGINT", function()
    assert.is_true(interrupt.is("interrupted!"))
    assert.is_true(interrupt.is("audit.lua:12: interrupted!"))
    assert.is_false(interrupt.is("attempt to index nil"))
    assert.is_false(interrupt.is({}))
  end)

  it("gives back true for what ran to its end", function()
    assert.is_true(interrupt.guard(function() end))
  end)

  it("says where a run was interrupted", function()
    assert.same({ nil, "interrupted" }, { interrupt.guard(function()
      error("interrupted!")
    end) })
  end)

  it("lets other errors pass as they are", function()
    local problem = {}
    local fine, raised = pcall(interrupt.guard, function()
      error(problem)
    end)
    assert.is_false(fine)
    assert.equal(problem, raised)
  end)
end)
