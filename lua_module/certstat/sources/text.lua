--- text.lua - a text list: a serial number a line, in any form; blank lines and those that begin with # are passed
-- over.
local bad = require "certstat.sources.bad"

--- reader: a certstat.sources.lines; name: of the file, for positions. Returns an iterator of items {serial =, source =
-- `FILE:LINE`}; nil at the end; nil and a message where reading failed.
return function(reader, name)
  return function()
    while true do
      local line, message = reader:next()
      local source = name .. ":" .. reader.number
      if not line then
        return nil, message
      elseif message then
        return bad(source, message, line)
      end
      line = line:gsub("^%s+", ""):gsub("%s+$", "")
      if line ~= "" and line:sub(1, 1) ~= "#" then
        return { serial = line, source = source }
      end
    end
  end
end
