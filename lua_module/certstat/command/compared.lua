--- compared.lua - what has changed since the audit before, for a page.
local changes = require "certstat.changes"

local compared = {}

local MOST = 50 -- changes of a kind that are shown one by one

-- Counts what differs, and keeps the first of each kind.
local function count(differences, found)
  while true do
    local one, message = differences()
    if message then
      return nil, message
    elseif not one then
      return found
    end
    found.counts[one.kind] = (found.counts[one.kind] or 0) + 1
    if found.counts[one.kind] <= MOST then
      found[#found + 1] = one
    end
  end
end

--- Compares the audit `run`, which has ended whole, with the one before it of the same sources. ledger: an open ledger.
-- Returns an array of the first differences of each kind, as changes.between gives them, in the order of the keys, with
-- the fields earlier = {run =, started =} and counts = {[kind] =}; or nil and why there is none.
function compared.with_earlier(ledger, account, run)
  local earlier, later = changes.runs(ledger, account)
  if not earlier then
    return nil, later
  elseif later.run ~= run then
    return nil, "another audit has ended meanwhile"
  end
  return count(changes.between(ledger, earlier, later), { earlier = earlier, counts = {} })
end

return compared
