--- facts.lua - what a report is told of a run, for specs.
local tally = require "certstat.command.tally"

local facts = {}

--- A run that ended at 2026-01-02T03:04:05Z after 2.5 s and four calls. counts: {[status] = rows}; the rest: what is
-- different.
function facts.of(counts, different)
  local run = {
    whole = true, seconds = 2.5, ended = 1767323045, counts = tally.new(), qps = 10,
    counters = { calls = 4, serials = 6, throttled = 1, retries = 2, failed = 0 },
  }
  for status, count in pairs(counts) do
    run.counts[status] = count
  end
  for name, value in pairs(different or {}) do
    run[name] = value
  end
  return run
end

return facts
