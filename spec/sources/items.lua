--- items.lua - reads a source's items whole, as text that specs can compare.
local fake = require "spec.command.fake"
local lines = require "certstat.sources.lines"

local items = {}

--- A reader of lines over `text`.
function items.reader(text)
  return lines.new(fake.stream(text))
end

--- All of an iterator, then its message: "SOURCE SERIAL" for what is to be asked, "! SERIAL: MESSAGE" for what is a
-- row.
function items.all(iterator)
  local found = {}
  while true do
    local item, message = iterator()
    if not item then
      return found, message
    elseif item.row then
      assert(item.row.status == "invalid" and item.row.class == "argument" and item.row.code == "InvalidInput")
      assert(item.row.message:sub(1, #item.row.source + 2) == item.row.source .. ": ")
      found[#found + 1] = "! " .. item.row.serial .. ": " .. item.row.message
    else
      found[#found + 1] = item.source .. " " .. item.serial
    end
  end
end

return items
