--- An audit whose calls are not sent: what it would ask about, and in how many calls, by the audit's own code.
local audit = require "certstat.audit"

local M = {}

local SHOWN = 5 -- bad places of a source that are told of

local ANSWER = { status = "not asked" }
local ANSWERS = setmetatable({}, { __index = function() return ANSWER end })

-- What stands for a certstat.together: each batch is counted as a call, and answered at once.
local function silent_calls(counts, size)
  return {
    sizes = { limit = size },
    submit = function(_, entries)
      counts.calls, counts.distinct = counts.calls + 1, counts.distinct + #entries
      return { reply = ANSWERS }
    end,
    is_done = function() return true end,
    loop = { wait = function(_, until_done) until_done() end },
  }
end

--- count(source, size) → {distinct = serials to be asked about, repeated = those that come again, invalid = places
-- where there is none, shown = the rows of the first of these, calls =, most = distinct may be less}; or nil, message,
-- info where the source fails. source: an iterator of items, as client:audit takes it; size: serials in a call.
-- Memory is as bounded as an audit's, and so are repetitions known: while a serial is among the last audit.REMEMBERED.
-- An audit that has a ledger knows them all; it asks less where there are others.
function M.count(source, size)
  local counts = { distinct = 0, repeated = 0, invalid = 0, shown = {}, calls = 0 }
  local run, valid = audit.new(silent_calls(counts, size), source, { lane = "audit" }), 0
  while true do
    local row, message, info = run:next()
    if message then return nil, message, info end
    if not row then break end
    if row.status ~= "invalid" then
      valid = valid + 1
    else
      counts.invalid = counts.invalid + 1
      counts.shown[#counts.shown + 1] = counts.invalid <= SHOWN and row or nil
    end
  end
  counts.repeated, counts.most = valid - counts.distinct, counts.distinct > audit.REMEMBERED
  return counts
end

return M
