local progress = require "certstat.command.progress"

describe("command.progress", function()
  local cases = {
    { { 0, nil, 0 }, "0, 0 a second" },
    { { 1200, nil, 2 }, "1,200, 600 a second" },
    { { 1200, 4800, 2 }, "1,200 of 4,800 (25 %), 600 a second, 6.0 s left" },
    { { 12345, 1000000, 27.2 }, "12,345 of 1,000,000 (1 %), 454 a second, 36 min 16 s left" },
    { { 50, 50, 1 }, "50 of 50 (100 %), 50 a second, 0.0 s left" },
    { { 51, 50, 1 }, "51, 51 a second" },
    { { 0, 50, 1 }, "0 of 50 (0 %), 0 a second" },
    { { 0, 0, 1 }, "0, 0 a second" },
    { { 10, 50, 1, 10 }, "listed 10 of 50 (20 %), 10 a second, 4.0 s left" },
  }
  for _, case in ipairs(cases) do
    it("says " .. case[2], function()
      assert.equal(case[2], progress.line(case[1][1], case[1][2], case[1][3], case[1][4]))
    end)
  end

  local now, written, said, state, line

  before_each(function()
    now, written, said = 7e9, {}, {}
    state = { done = 0, total = 2000, counts = require("certstat.command.tally").new(), counters = {
      calls = 40, throttled = 0, retries = 0,
    } }
  end)

  local function start(asked)
    line = progress.new {
      now_ns = function()
        return now
      end,
      asked = asked or function()
        return false
      end,
      say = function(text)
        said[#said + 1] = text
      end,
      write = function(text)
        written[#written + 1] = text
      end,
      state = function()
        return state
      end,
    }
  end

  local function go_on(milliseconds)
    now = now + milliseconds * 1e6
    line:tick()
  end

  it("draws at most five times a second, over the line before", function()
    start()
    for i = 1, 100 do
      state.done = i * 10
      go_on(10)
    end
    line:clear()
    assert.same({
      "\r200 of 2,000 (10 %), 1,000 a second, 1.8 s left\27[K",
      "\r400 of 2,000 (20 %), 1,000 a second, 1.6 s left\27[K",
      "\r600 of 2,000 (30 %), 1,000 a second, 1.4 s left\27[K",
      "\r800 of 2,000 (40 %), 1,000 a second, 1.2 s left\27[K",
      "\r1,000 of 2,000 (50 %), 1,000 a second, 1.0 s left\27[K",
      "\r\27[K",
    }, written)
  end)

  it("shows the outcomes that matter and the throttles, as far as there is room", function()
    start()
    state.done, state.counters.throttled = 100, 3
    state.counts.good, state.counts.revoked = 90, 1234
    go_on(1000)
    assert.equal("\r100 of 2,000 (5 %), 100 a second, 19.0 s left, 1,234 revoked, 3 throttled\27[K", written[1])
    state.counts.error, state.counts.invalid = 5, 7
    go_on(1000)
    assert.equal("\r100 of 2,000 (5 %), 50 a second, 38.0 s left, 1,234 revoked, 7 invalid, 5 error\27[K", written[2])
    assert.is_true(#written[2] <= 79 + #"\r\27[K")
  end)

  it("counts the time from the end of the list on, where there is one first", function()
    start()
    state.done, state.listed = 100, 100
    go_on(1000)
    state.done, state.listed = 0, nil
    go_on(1000)
    state.done = 200
    go_on(1000)
    assert.same({
      "\rlisted 100 of 2,000 (5 %), 100 a second, 19.0 s left\27[K",
      "\r0 of 2,000 (0 %), 0 a second\27[K",
      "\r200 of 2,000 (10 %), 200 a second, 9.0 s left\27[K",
    }, written)
  end)

  it("says the whole state to who asks", function()
    local asked = { false, false, true, false }
    start(function()
      return table.remove(asked, 1)
    end)
    state.done, state.counts.good, state.counts.error = 100, 99, 1
    go_on(1000)
    assert.same({}, said)
    go_on(1000)
    assert.same({
      "100 of 2,000 (5 %), 50 a second, 38.0 s left",
      "100 serials: 99 good, 1 error",
      "40 calls, 0 throttled, 0 retries, 2.0 s",
    }, said)
    go_on(1000)
    assert.equal(3, #said)
  end)

  it("draws nothing where there is nothing to write to", function()
    start()
    line.options.write = nil
    go_on(1000)
    line:clear()
    assert.same({}, written)
  end)
end)
