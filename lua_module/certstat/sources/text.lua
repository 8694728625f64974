--- text.lua - a text list: a serial number a line, in any form; blank lines and those that begin with # are passed
-- over.
local each_line = require "certstat.sources.each_line"

--- reader, name and result as in certstat.sources.each_line.
return function(reader, name)
  return each_line(reader, name, function(line)
    line = line:gsub("^%s+", ""):gsub("%s+$", "")
    return line ~= "" and line:sub(1, 1) ~= "#" and { serial = line } or nil
  end)
end
