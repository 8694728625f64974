--- months.lua - counts by month, of several kinds.
local times = require "certstat.times"

local months = {}
months.__index = months

local MOST = 24 -- months that are shown one by one
local LEAST = 12

--- Months since year 0 of a time in seconds since 1970, UTC.
function months.of(seconds)
  local year, month = times.iso(seconds):match("^(%d+)%-(%d+)")
  return year * 12 + month - 1
end

local function named(month)
  return ("%04d-%02d"):format(math.floor(month / 12), month % 12 + 1)
end

function months.new()
  return setmetatable({ total = 0, by_month = {}, by_kind = {} }, months)
end

--- Counts one; kind: any text.
function months:add(seconds, kind)
  local month = months.of(seconds)
  local counts = self.by_month[month] or {}
  self.by_month[month] = counts
  counts[kind] = (counts[kind] or 0) + 1
  self.by_kind[kind] = (self.by_kind[kind] or 0) + 1
  self.total = self.total + 1
end

--- The kinds, the most frequent first; equal ones by their names.
function months:kinds()
  local kinds = {}
  for kind in pairs(self.by_kind) do
    kinds[#kinds + 1] = kind
  end
  table.sort(kinds, function(a, b)
    local m, n = self.by_kind[a], self.by_kind[b]
    return m > n or m == n and a < b
  end)
  return kinds
end

-- The first and the last month that have a count, at most MOST away from `month` in one direction.
local function span(self, month, step)
  local farthest = month
  for one in pairs(self.by_month) do
    local away = (one - month) * step
    if away < MOST and away > (farthest - month) * step then
      farthest = one
    end
  end
  if (farthest - month) * step < LEAST - 1 then
    farthest = month + (LEAST - 1) * step
  end
  return math.min(month, farthest), math.max(month, farthest)
end

--- An array of {name =, counts = {[kind] =}}: a year at least and two at most, one after the other from `month` on
-- (step 1) or up to it (step -1); and where there are some before or after these, one element for all of them.
function months:list(month, step)
  local first, last = span(self, month, step)
  local before, after, list = { counts = {} }, { counts = {} }, {}
  for one = first, last do
    list[#list + 1] = { name = named(one), counts = self.by_month[one] or {} }
  end
  for one, counts in pairs(self.by_month) do
    local rest = one < first and before or one > last and after
    if rest then
      for kind, count in pairs(counts) do
        rest.counts[kind] = (rest.counts[kind] or 0) + count
      end
    end
  end
  if next(before.counts) then
    before.name = "before"
    table.insert(list, 1, before)
  end
  if next(after.counts) then
    after.name = "later"
    list[#list + 1] = after
  end
  return list
end

return months
