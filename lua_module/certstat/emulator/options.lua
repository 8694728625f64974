--- The emulator's options as people write them.
local core = require "certstat.core"

local M = {}

--- access_key(text, open) → {id=, secret=}; or nil, message. text: ID:SECRET. open: true where the text
-- stands in the open, on a command line: an id of a real account is refused there.
function M.access_key(text, open)
  local id, secret = text:match("^([^:]*):(.*)$")
  if not id then return nil, "access key: expected ID:SECRET" end
  if #id > 128 or not id:find("^[%w._-]+$") then
    return nil, "access key: expected an id of letters, digits, dot, dash and underscore"
  end
  if #secret > 256 or not secret:find("^[\33-\126]+$") then
    return nil, ("access key %s: expected a secret of printable ASCII without spaces"):format(id)
  end
  if open and (id:find("^LTAI") or id:find("^STS%.")) then
    return nil, ("access key %s: it may be a real one, which no command line should hold"):format(id)
  end
  return { id = id, secret = secret }
end

--- access_keys(text) → array of keys, one a line, empty lines passed over; or nil, message.
function M.access_keys(text)
  local keys = {}
  for line in text:gmatch("[^\r\n]+") do
    local key, message = M.access_key(line)
    if not key then return nil, message end
    keys[#keys + 1] = key
  end
  if #keys == 0 then return nil, "access key: expected ID:SECRET, found nothing" end
  return keys
end

--- listen(text) → address, port; or nil, message. text: ADDRESS:PORT, loopback only; port 0 is any free one.
function M.listen(text)
  local address, port = text:match("^([^:]*):(%d+)$")
  port = port and #port <= 5 and tonumber(port)
  if not port or port > 65535 then
    return nil, "listen: expected ADDRESS:PORT, found " .. core.printable(text, 60)
  end
  if address == "localhost" then address = "127.0.0.1" end
  if not address:find("^127%.%d+%.%d+%.%d+$") then
    return nil, "listen: expected a loopback address, 127.0.0.1 for one, found " .. core.printable(address, 60)
  end
  return address, port
end

return M
