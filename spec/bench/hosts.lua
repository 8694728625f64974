-- hosts.lua - what calls cost who serves something else meanwhile: CPU of an nginx worker and of HAProxy a request,
-- with 20 calls under way against none, over connections that are kept and over a new one each, by TLS; and how long a
-- call takes there that is answered in 5 ms, against the same client in plain Lua.
local emulator = require "spec.emulator.emulator"
local figures = require "spec.bench.figures"
local files = require "spec.emulator.files"
local live = require "spec.host.live"
local server = require "spec.host.server"
local stage = require "spec.soak.stage"

local ROUNDS, LATENCY_ROUNDS = 11, 5
local HOSTS = { { "nginx", "nginx" }, { "HAProxy", "lua-load-per-thread" } }

-- Asked for "kept" or "new" it keeps 20 callers at it, until it is asked for "end"; for "answered" it tells how many of
-- their calls were answered; for "near" how long a call took, the median of 51 in microseconds.
local ASK = [[
local certstat, ipc = require "certstat", require "certstat.ipc"
local host = require("certstat.host").detect()
local ENDPOINTS = { kept = "{far}", new = "{tls}", near = "{near}" }
local CALLERS, CALLS = 20, 51
local KEY = { access_key_id = os.getenv "ALIBABA_CLOUD_ACCESS_KEY_ID",
  access_key_secret = os.getenv "ALIBABA_CLOUD_ACCESS_KEY_SECRET" } -- an nginx worker has no environment
local client, answered, serial = nil, 0, 4096

local function open(name)
  return assert(certstat.client { endpoint = ENDPOINTS[name], ca_file = "{ca_file}", batch = 1, credentials = KEY,
    quota = certstat.quota { rate = 400 } })
end

local function ask(of)
  serial = serial + 1
  return of:status { ("%x"):format(serial) }
end

local function keep_asking(of)
  host.spawn(function()
    while ask(of) do answered = answered + 1 end
  end)
end

local function finish()
  if client then client:close() end
  client, answered = nil, 0
end

local function near()
  local of, times = open "near", {}
  ask(of)
  for i = 1, CALLS do
    local began_ns = ipc.now_ns()
    assert(ask(of))
    times[i] = (ipc.now_ns() - began_ns) / 1e3
  end
  of:close()
  table.sort(times)
  return ("%.1f"):format(times[(CALLS + 1) / 2])
end

return function(text)
  if text == "near" then return near() end
  if text == "answered" then return tostring(answered) end
  if text == "end" then finish() end
  if ENDPOINTS[text] then
    client = open(text)
    for _ = 1, CALLERS do keep_asking(client) end
  end
  return "ok"
end, function() end
]]

local here = stage.new()
here:begin("--qps", "1000000")
here:open_tls_door(0)
emulator.fail(here.emulator, '{"fault":"latency","ms":{"uniform":[50,2000]}}')
local near = emulator.start_small { "--qps", "1000000" }
emulator.fail(near, '{"fault":"latency","ms":5}')

local values = { far = here.emulator.url, tls = here.url, near = near.url, ca_file = here.ca_file }
local copies, servers = server.copy(here.folder), {}
for i, host in ipairs(HOSTS) do
  servers[i] = server.new { kind = host[2], folder = here.folder .. "/" .. host[1], copies = copies, ask = ASK,
    values = values }
  servers[i].name = host[1]
end

-- Nanoseconds of CPU that a request for something else takes, on 16 connections for a second.
local function cost(one)
  local worker = one:workers()[1]
  local before_ns = server.cpu_ns(worker)
  local requests = files.shell(("wrk -t1 -c16 -d1s %sok"):format(one.url)):match("(%d+) requests in")
  return (server.cpu_ns(worker) - before_ns) / tonumber(requests)
end

-- The same while calls are under way.
local function cost_beside(one, calls)
  live.ask(one, calls)
  live.await(function() return live.ask(one, "answered") ~= "0" end)
  local cpu_ns = cost(one)
  live.ask(one, "end")
  return cpu_ns
end

local function report(one, what, costs, others)
  local ratios = {}
  for i = 1, ROUNDS do ratios[i] = costs[i] / others[i] end
  figures.line(("%s, a request, %s"):format(one.name, what), figures.median(costs), "no calls", figures.median(others),
    "ns", ("pairs: %.2f, %.2f to %.2f"):format(figures.median(ratios)))
end

local function measure_cpu(one)
  local none, kept, new = {}, {}, {}
  for i = 1, ROUNDS do none[i], kept[i], new[i] = cost(one), cost_beside(one, "kept"), cost_beside(one, "new") end
  report(one, "20 calls, kept", kept, none)
  report(one, "20 calls, new TLS", new, none)
end

-- What a call takes in plain Lua.
local function near_alone()
  return files.shell(("ALIBABA_CLOUD_ACCESS_KEY_ID=demo ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away $LUA_EXE "
    .. "-e 'print((dofile \"%s/ask.lua\")(\"near\"))'"):format(servers[1].folder))
end

local function measure_latency()
  local alone, times = {}, { {}, {} }
  for i = 1, LATENCY_ROUNDS do
    alone[i] = tonumber((near_alone()))
    for k, one in ipairs(servers) do times[k][i] = tonumber((live.ask(one, "near"))) end
  end
  for k, one in ipairs(servers) do
    figures.line(one.name .. ", a call of 5 ms", figures.median(times[k]), "plain Lua", figures.median(alone), "us")
  end
end

for _, one in ipairs(servers) do
  live.ask(one, "ok") -- it has its worker
  measure_cpu(one)
end
measure_latency()
for _, one in ipairs(servers) do one:stop() end
emulator.stop(near)
here:finish()
here:close()
