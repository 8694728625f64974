-- handshakes.lua SECONDS - how many TLS handshakes ten calls a second need, over HTTP/2 and over HTTP/1.1. Each test
-- runs for SECONDS. Prints TAP.
require("spec.support.canaries").watch()
local certstat = require "certstat"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local SECONDS, RATE, START_MS = tonumber(arg[1]), 10, 30000
local folder = files.folder()
files.make_ca(folder, 1, 0)

local function expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

-- Starts an emulator, with a log of its own, and returns both.
local function start(...)
  local log = folder .. "/log"
  os.remove(log)
  return emulator.start { "--ca", folder .. "/ca/sub", "--qps", "1000", "--log", log, ... }, log
end

-- Asks as fast as the quota lets a client, for as long as the test runs.
local function ask(url, ca_file)
  local client = assert(certstat.client {
    endpoint = url, ca_file = ca_file, batch = 1, quota = certstat.quota { rate = RATE, guard = 0 }, getenv = os.getenv,
    credentials = { access_key_id = "demo", access_key_secret = "throw-away" },
  })
  local until_ns, n = ipc.now_ns() + SECONDS * 1e9, 0
  for row in client:audit(function()
    n = n + 1
    return ipc.now_ns() < until_ns and ("%x"):format(n) or nil
  end) do
    if row.status == "error" then error(row.message, 0) end
  end
  client:close()
end

-- The times at which calls arrived, in their order, of which there are as many as there must be.
local function arrivals(log)
  local times = {}
  for line in io.lines(log) do times[#times + 1] = tonumber(line:match('"arrival_us":(%d+)')) end
  table.sort(times)
  expect(#times >= 0.9 * RATE * SECONDS, "expected %d calls a second for %d s, found %d in all", RATE, SECONDS, #times)
  return times
end

local function over_http2()
  local service, log = start "--tls"
  ask(service.url, service.ca)
  local _, counters = emulator.order(service, "GET", "/counters")
  emulator.stop(service)
  local calls, handshakes = #arrivals(log), counters.handshakes
  expect(handshakes <= 2, "expected 2 handshakes at most, found %d", handshakes)
  return ("%d for %d calls"):format(handshakes, calls)
end

local function path_of(program) return (files.shell("command -v " .. program):gsub("\n", "")) end

local function start_door(service)
  files.shell(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=door "
    .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem -out %s/cert.pem"):format(folder, folder))
  local door = assert(ipc.spawn {
    argv = { path_of "node", "spec/soak/kept_door.js", service.url:match("%d+$"), folder }, env = {}, output = true,
    parent_signal = 9,
  })
  local kind, port = door:wait(START_MS)
  expect(kind == "output", "the door did not open: %s", kind)
  return door, "https://127.0.0.1:" .. port:match("%d+")
end

-- All connections are opened for the calls of the first window; the next ones use them.
local function over_http1()
  local service, log = start()
  local door, url = start_door(service)
  ask(url, folder .. "/cert.pem")
  local printed = ""
  for kind, text in function() return door:wait(0) end do
    if kind ~= "output" then break end
    printed = printed .. text
  end
  door:close()
  emulator.stop(service)
  local calls, handshakes, late = arrivals(log), 0, 0
  for time in printed:gmatch("%d+") do
    handshakes = handshakes + 1
    if tonumber(time) > calls[RATE + 1] then late = late + 1 end
  end
  expect(handshakes <= RATE and late == 0, "expected %d handshakes at most and none after the first window, found %d, "
    .. "%d of them later", RATE, handshakes, late)
  return ("%d for %d calls"):format(handshakes, #calls)
end

local tests = { { "HTTP/2", over_http2 }, { "HTTP/1.1", over_http1 } }
for i, test in ipairs(tests) do
  local began = ipc.now_ns()
  local ok, said = pcall(test[2])
  print(("%s %d - few handshakes over %s%s # %d ms"):format(ok and "ok" or "not ok", i, test[1],
    ok and ": " .. said or "", math.floor((ipc.now_ns() - began) / 1e6)))
  if not ok then print("# " .. tostring(said):gsub("\n", "\n# ")) end
  io.stdout:flush()
end
print("1.." .. #tests)
ipc.remove_folder(folder)
