--- figures.lua - the lines of benchmarks in Lua, as spec/bench/bench.h prints them.
local figures = {}

--- line(what, figure, against, other, unit [, note]): a figure, the one that it is held against, and how many times
-- that it is.
function figures.line(what, figure, against, other, unit, note)
  print(("%-40s %11.0f %-6s %-20s %11.0f %-6s %6.2f%s"):format(what, figure, unit, against, other, unit, figure / other,
    note and "  " .. note or ""))
  io.stdout:flush()
end

local function sorted(values)
  local copy = {}
  for i, value in ipairs(values) do copy[i] = value end
  table.sort(copy)
  return copy
end

--- The median of an odd number of values, the least and the greatest.
function figures.median(values)
  local all = sorted(values)
  return all[(#all + 1) / 2], all[1], all[#all]
end

return figures
