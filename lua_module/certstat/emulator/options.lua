--- The emulator's options as people write them.
local core = require "certstat.core"

local M = {}

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
