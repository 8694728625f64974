--- The emulator's options as people write them.
local core = require "certstat.core"

local M = {}

--- listen(text) → address, port; or nil, message. text: ADDRESS:PORT, loopback only, or [::1]:PORT; port 0 is any free
-- one. The address is without brackets.
function M.listen(text)
  local address, port = text:match("^([^:]*):(%d+)$")
  if not address then address, port = text:match("^%[([^%]]*:[^%]]*)%]:(%d+)$") end
  port = port and #port <= 5 and tonumber(port)
  if not port or port > 65535 then
    return nil, "listen: expected ADDRESS:PORT, found " .. core.printable(text, 60)
  end
  if address == "localhost" then address = "127.0.0.1" end
  if address ~= "::1" and not address:find("^127%.%d+%.%d+%.%d+$") then
    return nil, "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found " .. core.printable(address, 60)
  end
  return address, port
end

return M
