-- measured.lua FILE ARGUMENT… - the command certstat with these arguments; writes into FILE what it has cost: CPU
-- seconds, and MiB of memory at its peak.
local memory = require "spec.support.memory"

local path, exit = table.remove(arg, 1), os.exit
rawset(os, "exit", function(...) -- which is how the command ends
  local file = assert(io.open(path, "w"))
  file:write(("%.3f %.3f\n"):format(os.clock(), memory.peak_mib()))
  file:close()
  exit(...)
end)
require("certstat.command").main(arg)
