--- name_server.lua - a name server that answers nothing.
local ipc = require "certstat.ipc"

local name_server = {}

--- What a caller is told whose client waits for three seconds. What is known of the last attempt, if there was one,
-- depends on when the lookup of an earlier one was given up.
name_server.UNANSWERED = "^error deadline %u%a+: DescribeClientCertificateStatusForSerialNumber: "
  .. "no answer within 3 s[^\n]*\n$"

-- It says "asked" when it has been, and "again" 5 s later (resolv.conf(5)), when libcurl has given up the connection
-- and the lookup goes on.
local SILENT = [[
import socket, sys, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("up", flush=True)
server.recvfrom(512)
print("asked", flush=True)
asked = time.monotonic()
while time.monotonic() < asked + 2:
    server.recvfrom(512)
print("again", flush=True)
while True:
    server.recvfrom(512)
]]

--- start_silent() → its process, whose next outputs mean these, and its address. For root alone.
function name_server.start_silent()
  local b, c = assert(ipc.random(2)):byte(1, 2)
  local address = ("127.%d.%d.53"):format(b, c)
  local process = assert(ipc.spawn { argv = { "/usr/bin/python3", "-c", SILENT, address }, output = true, env = {},
    parent_signal = 15 })
  assert(process:wait(30000) == "output")
  return process, address
end

return name_server
