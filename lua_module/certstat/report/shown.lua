--- shown.lua - text for a terminal, a log line, a field of a table.
local core = require "certstat.core"

--- Outside text as core.printable makes it, but with its backslashes single: most messages hold text that is printable
-- already, and must not be made so twice. What is shown is safe, not reversible.
-- most: bytes, about, after which "..." follows; nil: no limit.
return function(text, most)
  return (core.printable(text, most):gsub("\\\\", "\\"))
end
