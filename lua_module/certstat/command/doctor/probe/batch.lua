--- The largest batch: how many serials the service takes in one call.
local largest = require "certstat.command.doctor.probe.largest"
local row = require "certstat.command.doctor.row"
local words = require "certstat.words"

local Batch = { __name = "certstat.command.doctor.probe.batch" }
Batch.__index = Batch

local M = {}

--- new(budget, entries) → batch. entries: what the largest call may ask, see sample.fill. batch.answers: what has been
-- answered, by key.
function M.new(budget, entries)
  return setmetatable({ budget = budget, entries = entries, search = largest.new(#entries), answers = {} }, Batch)
end

-- Whether the service answers the last n entries; nil where nothing is known.
function Batch:try(n)
  local wires, last = {}, self.entries[#self.entries].key
  for i = #self.entries - n + 1, #self.entries do wires[#wires + 1] = self.entries[i].wire end
  local answers, refused = self.budget:status(wires)
  if not answers then
    if refused then return false end
    return nil
  end
  for key, answer in pairs(answers) do self.answers[key] = answer end
  return answers[last] ~= nil -- else it was cut short
end

--- Searches on until only `reserve` calls are left.
function Batch:go_on(reserve)
  while self.budget:left() > reserve do
    local n = self.search:next()
    if not n then return end
    local accepted = self:try(n)
    if accepted == nil then return end
    self.search:tell(n, accepted)
  end
end

--- row(limit) → a row, and the size to set (nil: none is known). limit: why no more than all entries were tried.
function Batch:row(limit)
  local good, bad = self.search.good, self.search.bad
  if good == 0 then
    local why = self.budget.stopped or "not even one serial alone is accepted"
    return row("batch", self.budget.stopped and "warning" or "failed", why, "argument"), nil
  end
  local text = words.count(good, "serial") .. " in one call"
  if bad > #self.entries then
    text = ("%s, the most that was tried: %s"):format(text, limit)
  elseif bad - good == 1 then
    text = text .. ", and no more"
  else
    text = ("%s; %d are too many, for those between there were no calls left"):format(text, bad)
  end
  return row("batch", "ok", text), good
end

return M
