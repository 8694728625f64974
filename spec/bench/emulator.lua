-- emulator.lua - calls a second that the emulator answers to wrk on 16 connections, each signed and with a nonce of its
-- own: those for 50 serials, against those for one.
local certstat = require "certstat"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"

local ROUNDS, SECONDS = 3, 2
local ONE, MANY = 1, 50

local running = emulator.start_small { "--qps", "1000000" }
local path = running.folder .. "/requests"

local function sign(count, serials)
  local list = ("ff,"):rep(serials - 1) .. "0a1b"
  local file = assert(io.open(path, "wb"))
  for _ = 1, count do
    local signed = assert(certstat.sign {
      method = "POST", host = running.host, path = "/", action = "DescribeClientCertificateStatusForSerialNumber",
      version = "2020-06-30", access_key_id = "demo", access_key_secret = "throw-away",
      query = { SerialNumber = list },
    })
    file:write("POST ", signed.target, " HTTP/1.1\r\n")
    for name, value in pairs(signed.headers) do file:write(name, ": ", value, "\r\n") end
    file:write("content-length: 0\r\n\r\n")
  end
  file:close()
end

-- Signs more than can be answered.
local function measure(serials)
  sign(serials == ONE and 40000 or 15000, serials)
  local printed = files.shell(("wrk -t1 -c16 -d%ds -s spec/bench/wrk.lua %s -- %s"):format(SECONDS, running.url, path))
  local rate, failed = printed:match("\nrate (%S+) failed (%d+)\n")
  if failed ~= "0" then error("calls failed: " .. printed) end
  return tonumber(rate)
end

local one, many = {}, {}
for round = 1, ROUNDS do one[round], many[round] = measure(ONE), measure(MANY) end
emulator.stop(running)
table.sort(one)
table.sort(many)
local middle = (ROUNDS + 1) / 2
print(("%-40s %11.0f %-6s %-20s %11.0f %-6s %6.2f"):format("emulator (wrk), 50 serials a call", many[middle], "call/s",
  "1 serial a call", one[middle], "call/s", many[middle] / one[middle]))
