--- crowd_tests.lua - what many callers at once of one client have in all hosts, of good servers and of bad ones:
-- {name, f(here)}, …. here: service = an emulator whose log is calls.ndjson in folder, made = of callers.make, host =
-- for the functions of spec.host.live, descriptors = a function: how many its worker has open. The host loads SCRIPT
-- with what values returns, and answers /PATH?SERIAL with ask.PATH(SERIAL) for each of PATHS, and /ping with pong.
local assert = require "luassert"
local callers = require "spec.host.callers"
local emulator = require "spec.emulator.emulator"
local fault_table = require "spec.support.fault_table"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local QPS = 100
local TIMEOUT_S, LATE_S = 4, 4 -- the machine may be busy

-- The guard is wide for the same reason. Behind the terminator each call has a connection of its own.
local SCRIPT = [[
local client = open { home = {home}, qps = {qps}, guard = 0.5, timeout = {timeout} }
local fresh = open { home = {home}, qps = {qps}, guard = 0.5, endpoint = "{tls}", ca_file = "{tls_ca}" }
ask = {
  status = function(serial) return questions.row(client, serial) end,
  fresh = function(serial) return questions.row(fresh, serial) end,
  call = function(serial) return questions.called(client, serial) end,
  live = function() return client.loop.net:live() .. " under way\n" end,
  close = function()
    client:close()
    fresh:close()
    return "closed\n"
  end,
}
]]

-- Asks path for all of them at once, and others as soon as the emulator has a call; returns what all were told, a line
-- for each, in order.
local function ask_all(here, path)
  local serials, before = {}, emulator.calls(here.service)
  for i, one in ipairs(here.made) do serials[i] = one.serial end
  local asked = live.ask_later(here.host, ("/%s?{%s}"):format(path, table.concat(serials, ",")))
  live.await(function() return emulator.calls(here.service) > before end)
  assert.equal(("pong"):rep(10), live.ask(here.host, "/ping?[1-10]"))
  local body, said = live.answer(asked)
  assert.equal("", said)
  local lines = {}
  for line in body:gmatch("[^\n]*\n") do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end

-- So many ask path at the same time that each of a host's threads has some of them; all have this answer.
local function assert_everywhere(here, path, expected)
  local paths, bodies = {}, {}
  for i in ipairs(here.made) do paths[i], bodies[i] = path, expected end
  assert.same(bodies, live.ask_all(here.host, paths))
end

-- Each is told one of its lines, and nothing else: told(one) → those that are right for one of callers.make, whose
-- serial numbers are in order. The quota has been kept then, and nothing is under way any more.
local function assert_told(here, path, told)
  local lines = ask_all(here, path)
  for i, one in ipairs(here.made) do
    local expected = { told(one) }
    for n = 2, #expected do
      if lines[i] == expected[n] then expected[1] = lines[i] end
    end
    assert.equal(expected[1], lines[i])
  end
  assert.equal(#here.made, #lines)
  local most, refused = callers.judge(here.folder .. "/calls.ndjson")
  assert.equal(0, refused)
  assert.is_true(most <= QPS, most .. " calls in a second")
  assert_everywhere(here, "/live", "0 under way\n")
end

local function right(one) return one.row end

local function replied(one) return one.row:match("^%S+ %S+ %S+") .. "\n" end

local function healthy(path, told)
  return function(here)
    emulator.fail(here.service, "")
    assert_told(here, path, told)
  end
end

local function find_case(name)
  for _, case in ipairs(fault_table.read()) do
    if case.name:sub(1, #name) == name then return case end
  end
end

-- A fault, and its name in README's table, whose class and code each caller has; or he has the class deadline, where
-- his time is over before his call has been tried four times, or before it could leave.
local function faulty(fault, name)
  return function(here)
    local case = assert(find_case(name or fault))
    emulator.fail(here.service, fault)
    local began_ns = ipc.now_ns()
    assert_told(here, "status", function(one)
      if case.rows == "right" then return one.row end
      local function row(class, code) return ("%s %s error - %s %s\n"):format(one.serial, one.serial, class, code) end
      return row(case.class, case.code), row("deadline", case.code), row("deadline", "DeadlineExceeded")
    end)
    local took_s = (ipc.now_ns() - began_ns) / 1e9
    assert.is_true(took_s < TIMEOUT_S + LATE_S, took_s .. " s")
  end
end

return {
  QPS = QPS,
  SCRIPT = SCRIPT,
  PATHS = { "status", "fresh", "call", "live", "close" },

  --- What the names in SCRIPT are, but for {home}.
  values = function(tls)
    return { qps = tostring(QPS), timeout = tostring(TIMEOUT_S), tls = tls.url, tls_ca = tls.ca }
  end,

  { "has a pong", function(here) -- what the host's threads open when they serve first is not ours
    assert_everywhere(here, "/ping", "pong")
    here.before = here.descriptors()
  end },
  { "has the right row", healthy("status", right) },
  { "has the right reply to a call", healthy("call", replied) },
  { "has the right row over new TLS connections", healthy("fresh", right) },
  { "waits for a slow server", faulty('{"fault":"latency","ms":2000}', '{"fault":"latency","ms":200}') },
  { "gives up a silent one", faulty '{"fault":"latency","ms":60000}' },
  { "is told that one resets the connection", faulty '{"fault":"reset"}' },
  { "believes no liar", faulty '{"fault":"truncated","bytes":40}' },
  { "leaves nothing open", function(here)
    assert_everywhere(here, "/close", "closed\n")
    live.await(function() return here.descriptors() <= here.before end)
  end },
}
