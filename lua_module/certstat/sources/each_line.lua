--- each_line.lua - what the sources share that have a serial number in a line.
local bad = require "certstat.sources.bad"

local SHOWN = 64 -- bytes of a bad line

--- reader: a certstat.sources.lines; name: of the file, for positions. read(line) → an item, without its source; nil
-- where the line is passed over; nil and why the line is bad; false and why no line can be read.
-- Returns an iterator of items {serial =, source = `FILE:LINE`, …}, a row for each bad line; nil at the end; nil and a
-- message where reading failed.
return function(reader, name, read)
  return function()
    while true do
      local line, message = reader:next()
      local source = name .. ":" .. reader.number
      if not line then
        return nil, message
      elseif message then
        return bad(source, message, line)
      end
      local item
      item, message = read(line)
      if item then
        item.source = source
        return item
      elseif item == false then
        return nil, message
      elseif message then
        return bad(source, message, line:sub(1, SHOWN))
      end
    end
  end
end
