local steps = require "certstat.credentials.steps"

local function keep(...) return ... end

describe("credentials.steps", function()
  it("tells a step from what is found", function()
    assert.is_false(steps.is(nil))
    assert.is_false(steps.is { access_key_id = "i" })
    assert.is_true(steps.is { continue = keep })
  end)

  it("goes on at once where there is no step", function()
    local found = { access_key_id = "i" }
    assert.equal(found, (steps.after(keep, {}, found)))
    assert.same({ n = 3, nil, "why", true }, { n = 3, steps.after(keep, {}, nil, "why", true) })
  end)

  it("goes on at the end of all steps, which keep what they ask for", function()
    local second = { command = { argv = { "x" } }, continue = function(reply)
      return { access_key_id = reply.body }
    end }
    local first = { request = { url = "u" }, facts = { region = "r" }, continue = function(_, problem)
      if problem then return nil, problem, true end
      return second
    end }
    local outcome = steps.after(function(found, why, present)
      return found and found.access_key_id .. "!", why, present
    end, nil, first)
    assert.equal(first.request, outcome.request)
    assert.equal(first.facts, outcome.facts)
    local following = outcome.continue({ body = "" })
    assert.equal(second.command, following.command)
    assert.equal("i!", (following.continue { body = "i" }))
    assert.same({ n = 3, nil, "no reply", true }, { n = 3, outcome.continue(nil, "no reply") })
  end)

  it("gives facts to each step", function()
    local facts = { account = "1" }
    local step = { continue = function() return { continue = keep } end }
    local outcome = steps.after(keep, facts, step)
    assert.equal(facts, outcome.facts)
    assert.equal(facts, outcome.continue {}.facts)
  end)
end)
