--- progress.lua - one line on a terminal that says how far a run is; drawn over and over with a carriage
-- return.
local words = require "certstat.command.words"

local progress = {}
progress.__index = progress

local EVERY_NS = 200 * 1000000 -- five times a second

--- write: function(text) to the terminal; now_ns: function returning nanoseconds that never step back.
function progress.new(write, now_ns)
  local now = now_ns()
  return setmetatable({ write = write, now_ns = now_ns, started = now, drawn = now }, progress)
end

--- The line for `done` rows after `seconds`; total: how many there will be, nil where nobody knows.
function progress.line(done, total, seconds)
  local rate = seconds > 0 and done / seconds or 0
  local parts = { words.number(done) }
  if total and total >= done then
    parts[1] = ("%s of %s (%.0f %%)"):format(words.number(done), words.number(total),
      math.floor(done / total * 100))
  end
  parts[2] = words.number(rate) .. " a second"
  if total and total >= done and rate > 0 then
    parts[3] = words.duration((total - done) / rate) .. " left"
  end
  return table.concat(parts, ", ")
end

--- To be called after each row; draws where the last drawing is old enough. total as for progress.line.
function progress:update(done, total)
  local now = self.now_ns()
  if now - self.drawn >= EVERY_NS then
    self.drawn = now
    self.write("\r" .. progress.line(done, total, (now - self.started) / 1e9) .. "\27[K")
  end
end

--- Takes the line away.
function progress:clear()
  self.write("\r\27[K")
end

return progress
