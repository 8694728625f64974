--- figures.lua - the lines of benchmarks in Lua, as spec/bench/bench.h prints them.
local figures = {}

--- line(what, figure, against, other, unit): a figure, the one that it is held against, and how many times that it is.
function figures.line(what, figure, against, other, unit)
  print(("%-40s %11.0f %-6s %-20s %11.0f %-6s %6.2f"):format(what, figure, unit, against, other, unit, figure / other))
  io.stdout:flush()
end

return figures
