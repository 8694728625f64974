--- progress.lua - how far a run is: one line on a terminal, drawn over and over with a carriage return, and all that is
-- known at any time when SIGUSR1 asks for it.
local summary = require "certstat.command.summary"
local tally = require "certstat.command.tally"
local words = require "certstat.words"

local progress = {}
progress.__index = progress

local EVERY_NS = 200 * 1000000 -- five times a second
local WIDTH = 79 -- of the line that is drawn over, so that it is one on every terminal

--- now_ns: function returning nanoseconds that never step back; asked: function that tells whether somebody wants to
-- know the state; say: function(text) that tells him; write: function(text) to a terminal, nil where no line is to be
-- drawn; state: function that returns {done = rows, total = how many there will be (nil: nobody knows), listed = so
-- many have been listed, and none is asked about before all are (nil: that is over), counts = a tally, counters = what
-- client:counters() gives}.
function progress.new(options)
  options.asked() -- from now on SIGUSR1 asks
  local now = options.now_ns()
  return setmetatable({ options = options, started = now, seen = now }, progress)
end

--- How far a run is: `done` rows after `seconds`, of `total` or nil; listed: these are not rows yet.
function progress.line(done, total, seconds, listed)
  local rate = seconds > 0 and done / seconds or 0
  local parts = { words.number(done) }
  local share_known = total and total > 0 and total >= done
  if share_known then
    parts[1] = ("%s of %s (%.0f %%)"):format(words.number(done), words.number(total),
      math.floor(done / total * 100))
  end
  if listed then
    parts[1] = "listed " .. parts[1]
  end
  parts[2] = words.number(rate) .. " a second"
  if share_known and rate > 0 then
    parts[3] = words.duration((total - done) / rate) .. " left"
  end
  return table.concat(parts, ", ")
end

-- The line that is drawn: how far, then the outcomes that matter and the throttles, as many as there is room for.
local function drawn(state, seconds)
  local line = progress.line(state.done, state.total, seconds, state.listed)
  local more = {}
  for _, status in ipairs(tally.statuses) do
    if status ~= "good" and state.counts[status] > 0 then
      more[#more + 1] = words.number(state.counts[status]) .. " " .. status
    end
  end
  if state.counters.throttled > 0 then
    more[#more + 1] = words.number(state.counters.throttled) .. " throttled"
  end
  for _, part in ipairs(more) do
    if #line + 2 + #part > WIDTH then
      break
    end
    line = line .. ", " .. part
  end
  return line
end

-- The state, and for how many seconds it has come to be: what comes behind a list has a rate of its own.
local function look(self, now)
  local state = self.options.state()
  if self.listing and not state.listed then
    self.started = now
  end
  self.listing = state.listed
  return state, (now - self.started) / 1e9
end

--- To be called often: after each row, and while a call is waited for. Draws where the last drawing is old enough, and
-- answers who asks.
function progress:tick()
  local options, now = self.options, self.options.now_ns()
  if now - self.seen < EVERY_NS then
    return
  end
  self.seen = now
  if options.write then
    options.write("\r" .. drawn(look(self, now)) .. "\27[K")
  end
  if options.asked() then
    local state, seconds = look(self, now)
    self:clear()
    options.say(progress.line(state.done, state.total, seconds, state.listed))
    options.say((summary.rows("serial", state.counts, tally.statuses):gsub("\n", "")))
    options.say((summary.calls(state.counters, { calls = 0 }, seconds):gsub("\n", "")))
  end
end

--- Takes the line away.
function progress:clear()
  if self.options.write then
    self.options.write("\r\27[K")
  end
end

return progress
