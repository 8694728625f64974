--- index.lua - the database of an `openssl ca`, index.txt: a certificate a line, six columns, a tab between
-- (openssl-ca(1)).
local bad = require "certstat.sources.bad"
local parse = require("certstat.emulator.index").parse_line

local index = {}

--- Whether `head`, the first bytes of a file, begin with a line of such a database.
function index.is(head)
  return head:find("^[VRE]\t%d+Z\t[^\t\n]*\t%x+\t") ~= nil
end

--- reader, name and result as in certstat.sources.text; an item also has subject, not_after, and revoked_at where the
-- database says that (seconds since 1970).
function index.items(reader, name)
  return function()
    while true do
      local line, message = reader:next()
      local source = name .. ":" .. reader.number
      if not line then
        return nil, message
      elseif message then
        return bad(source, message, line)
      elseif line ~= "" then
        local entry
        entry, message = parse(line)
        return entry and {
          serial = entry.serial, source = source, subject = entry.subject, not_after = entry.expires,
          revoked_at = entry.revoked,
        } or bad(source, message, line:sub(1, 64))
      end
    end
  end
end

return index
