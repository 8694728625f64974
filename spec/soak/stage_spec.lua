local stage = require "spec.soak.stage"

describe("the stage of the soak tests", function()
  local here

  setup(function() here = stage.new() end)

  teardown(function() here:close() end)

  before_each(function() here:begin() end)

  it("says when the play began and ended, by the clock of the arrivals", function()
    here:start("audit", "adapts", "once")
    here:pass(0)
    assert.is_truthy(here:last_words(1, 30))
    local arrivals, throttled, played = here:finish()
    assert.equal(1, #arrivals)
    assert.equal(0, throttled)
    assert.is_true(played.began_us < arrivals[1] and arrivals[1] < played.ended_us)
    here:begin()
    assert.is_nil(select(3, here:finish()))
  end)

  it("fails where a caller has ended that had to go on", function()
    for _, mode in ipairs { false, false, "once" } do here:start("audit", "adapts", mode or nil) end
    here:signal(1, 9)
    assert.is_nil(here:last_words(1, 30))
    assert.is_truthy(here:last_words(3, 30))
    assert.has_error(function() here:finish() end, "caller 1: expected 'runs', found 'killed 9'")
  end)
end)
