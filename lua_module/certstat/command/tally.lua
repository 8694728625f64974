--- tally.lua - counts rows by status, and turns the counts into an exit code.
local exit_codes = require "certstat.command.exit_codes"
local statuses = require "certstat.report.statuses"

local tally = {}
tally.__index = tally

tally.statuses = {}
for i, status in ipairs(statuses) do
  tally.statuses[i] = status.name
end

function tally.new()
  local counts = { rows = 0, denied = 0 }
  for _, status in ipairs(tally.statuses) do
    counts[status] = 0
  end
  return setmetatable(counts, tally)
end

function tally:add(row)
  self.rows = self.rows + 1
  self[row.status] = self[row.status] + 1
  if row.class == "denied" then
    self.denied = self.denied + 1
  end
end

--- failure: nil, or the info of what cut the run short ({} where there is none).
function tally:exit_code(failure)
  local answered = self.rows - self.invalid - self.error
  if answered == 0 and (self.denied > 0 or (failure and failure.class == "denied")) then
    return exit_codes.denied
  elseif failure and self.rows == 0 then
    return exit_codes.of_failure(failure)
  elseif failure or self.error > 0 then
    return exit_codes.failed
  elseif self.revoked > 0 then
    return exit_codes.revoked
  elseif self.rows > self.good then
    return exit_codes.unclear
  end
  return exit_codes.ok
end

return tally
