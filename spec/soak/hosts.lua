-- hosts.lua SECONDS - calls all the time from nginx and from HAProxy while they are told to begin anew, each 8 seconds
-- (4 in a short run), or their worker is killed instead; and from one of each kind that lives throughout. All have one
-- quota, each call has a TLS connection of its own, and takes 50 to 2,000 ms. Prints TAP.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local judge = require "spec.soak.judge"
local net = require "certstat.net"
local server = require "spec.host.server"
local stage = require "spec.soak.stage"

local expect = judge.expect

local SECONDS = tonumber(arg[1])
local LONG = SECONDS >= 1200 -- so long, memory can be judged
local DISTURB_NS, FIRST_KILL, KILL_EACH = LONG and 8e9 or 4e9, 2, 5 -- the second, and each fifth from there, is a kill
local CALLERS, LATENCY = 5, '{"fault":"latency","ms":{"uniform":[50,2000]}}'
local LEAST_DISTURBED = 0.8 -- of what is due: it has to wait for workers that leave, and is dropped if it still waits
local STEP_NS, SAMPLE_NS, LEAVE_NS, ANSWER_NS = 20e6, 1e9, 5e9, 90e9
local FIRST_SERIAL, RATE, GUARD = 4096, 10, 0.5
local MIB = 1024 -- in KiB

local here, servers = stage.new(), {}
local calls = { under_way = {}, n = 0, answered = 0, lost = 0, failures = {},
  net = assert(net.new { allow_http = true }) }
local happened = { reloads = 0, kills = 0, due = 0, problems = {} }

local function problem(text, ...) table.insert(happened.problems, (text:format(...))) end

-- ---- what they call, and they themselves ----

-- Its answer: the serial, its status, and the id of the process that gives it.
local ASK = [[
local sent = assert(io.open("{sent}", "a"))
sent:setvbuf("line")
local client = assert(require("certstat").client {
  endpoint = "{endpoint}", ca_file = "{ca_file}", home = "{home}", batch = 1, guard = {guard},
  on_call = function(call)
    if call.sent_ns then sent:write(("%.0f\n"):format(call.sent_ns)) end
  end,
})
local function id()
  local file = assert(io.open("/proc/self/stat"))
  local text = file:read("*l"):match("^%d+")
  file:close()
  return text
end
local function ask(serial)
  local rows, message = client:status { serial }
  return rows and ("%s %s %s"):format(rows[1].serial, rows[1].status, id()) or "failed: " .. message
end
return ask, function() client:warm() end
]]

local function start()
  here:begin()
  here:open_tls_door(0)
  emulator.fail(here.emulator, LATENCY)
  files.shell("mkdir -m 700 " .. here.home)
  server.give(here.home)
  local copies = server.copy(here.folder)
  for name, kind in pairs {
    nginx = "nginx", haproxy = "lua-load-per-thread",
    steady_nginx = "nginx", steady_haproxy = "lua-load", steady_threads = "lua-load-per-thread",
  } do
    local one = server.new {
      kind = kind, folder = here.folder .. "/" .. name, copies = copies, threads = 2, ask = ASK,
      values = { endpoint = here.url, ca_file = here.ca_file, home = here.home, guard = GUARD,
        sent = ("%s/%s/sent"):format(here.folder, name) },
    }
    one.name, one.steady, one.leaving, one.samples, one.disturbed = name, name:find("^steady") ~= nil, {}, {}, 0
    servers[#servers + 1] = one
  end
end

-- ---- calls: each server has so many callers, who ask again once they have their answer ----

local function ask(one)
  calls.n = calls.n + 1
  local serial = ("%x"):format(FIRST_SERIAL + calls.n)
  calls.under_way[calls.n] = { server = one, serial = serial }
  assert(calls.net:start { id = calls.n, method = "GET", url = one.url .. serial, connect_ns = ANSWER_NS,
    idle_ns = ANSWER_NS, total_ns = ANSWER_NS, headers = { { "connection", "close" } } })
  one.asked = (one.asked or 0) + 1
end

local function take(event)
  local call = calls.under_way[event.id]
  calls.under_way[event.id] = nil
  call.server.asked = call.server.asked - 1
  local answer = event.kind == "reply" and event.body or event.message
  local serial, by = answer:match("^(%x+) unknown (%d+)$")
  if serial == call.serial then
    calls.answered, call.server.answered = calls.answered + 1, true
    for id, left in pairs(call.server.leaving) do left.is_relieved = left.is_relieved or id ~= tonumber(by) end
  elseif call.excused then
    calls.lost = calls.lost + 1
  else
    table.insert(calls.failures, ("%s, %s: %s"):format(call.server.name, call.serial, answer))
  end
end

local function collect()
  assert(calls.net:step(STEP_NS))
  for event in function() return calls.net:collect() end do
    if event.kind ~= "sent" then take(event) end
  end
end

local function under_way_at(one)
  local found = {}
  for id, call in pairs(calls.under_way) do
    if call.server == one then found[id] = call end
  end
  return found
end

local function are_under_way(some)
  for id in pairs(some) do
    if calls.under_way[id] then return true end
  end
  return false
end

-- ---- what happens to them ----

-- The workers that leave: each has its calls to answer, those that have come before another answers, and ends then.
local function watch_leaving(one, now)
  for id, left in pairs(one.leaving) do
    local state = server.status(id, "State")
    if not left.is_relieved then left.calls = under_way_at(one) end
    if not state or state == "Z" then
      one.leaving[id] = nil
    elseif are_under_way(left.calls) then
      left.since_ns = now
    elseif now - left.since_ns > LEAVE_NS then
      problem("%s: worker %d is still there %g s after its last answer", one.name, id, LEAVE_NS / 1e9)
      one.leaving[id] = nil
    end
  end
end

-- Has its one worker, and none that leaves: nobody reloads or kills what is still at it.
local function is_quiet(one) return not next(one.leaving) and #one:workers() == 1 end

local function reload(one, now)
  for _, id in ipairs((one:workers())) do one.leaving[id] = { calls = under_way_at(one), since_ns = now } end
  one:reload()
  happened.reloads = happened.reloads + 1
end

-- What is under way in the worker when it is no more can't be answered.
local function kill(one)
  one:kill()
  for _, call in pairs(under_way_at(one)) do call.excused = true end
  happened.kills = happened.kills + 1
end

-- at: the part of the run that is over.
local function sample(one, at)
  local workers, zombies = one:workers()
  for _, id in ipairs(zombies) do
    if one.zombies and one.zombies[id] then problem("%s: process %d has ended, and lies about", one.name, id) end
  end
  one.zombies = {}
  for _, id in ipairs(zombies) do one.zombies[id] = true end
  if one.steady and #workers == 1 then
    table.insert(one.samples, { at = at, descriptors = server.descriptors(workers[1]),
      kib = server.status(workers[1], "RssAnon") })
  end
end

-- Whether it is time for what comes each so many nanoseconds, from a moment on.
local function every(period_ns, next_ns)
  return function(now)
    if now < next_ns then return false end
    next_ns = next_ns + period_ns
    return true
  end
end

-- Each server has its callers, and what is due comes to those that don't live throughout.
local function drive(due, now)
  for _, one in ipairs(servers) do
    for _ = (one.asked or 0) + 1, CALLERS do ask(one) end
    if not one.steady then
      one:supervise()
      watch_leaving(one, now)
      one.due = one.due or due
      if one.due and is_quiet(one) then
        one.due(one, now)
        one.due, one.disturbed = nil, one.disturbed + 1
      end
    end
  end
  collect()
end

local function have_all_answered()
  for _, one in ipairs(servers) do
    if not one.answered then return false end
  end
  return true
end

local function play()
  start()
  repeat drive(nil, ipc.now_ns()) until have_all_answered()
  local began_ns = ipc.now_ns()
  local is_due, is_sample = every(DISTURB_NS, began_ns + DISTURB_NS), every(SAMPLE_NS, began_ns)
  local now = began_ns
  while now - began_ns < SECONDS * 1e9 do
    local due
    if is_due(now) then
      happened.due = happened.due + 1
      due = happened.due % KILL_EACH == FIRST_KILL and kill or reload
    end
    drive(due, now)
    if is_sample(now) then
      for _, one in ipairs(servers) do sample(one, (now - began_ns) / 1e9 / SECONDS) end
    end
    now = ipc.now_ns()
  end
  while next(calls.under_way) do
    collect()
    for _, one in ipairs(servers) do one:supervise() end
  end
end

-- ---- the verdict ----

local function none_lost()
  play()
  for _, one in ipairs(servers) do
    local kind, value = one:stop()
    if kind ~= "exited" or value ~= 0 then problem("%s: %s %s", one.name, kind, tostring(value)) end
  end
  local arrivals, throttled = here:finish()
  happened.found = judge.read(arrivals, throttled)
  expect(not calls.failures[1], "%d of %d calls failed:\n%s", #calls.failures, calls.n,
    table.concat(calls.failures, "\n", 1, math.min(20, #calls.failures)))
  local nobody = #arrivals - calls.answered
  expect(nobody >= 0 and nobody <= calls.lost, "%d calls arrived, %d were answered, %d lost with a killed worker",
    #arrivals, calls.answered, calls.lost)
  local least = math.max(2, LEAST_DISTURBED * (happened.due - 1)) -- the last may still wait
  for _, one in ipairs(servers) do
    expect(one.steady or one.disturbed >= least, "%s: %d of %d reloads and kills", one.name, one.disturbed,
      happened.due)
  end
  return ("%d answered, %d lost with %d killed workers, %d reloads"):format(calls.answered, calls.lost, happened.kills,
    happened.reloads)
end

-- The shortest time in which RATE + 1 calls left, in seconds: all processes read the same clock.
local function densest()
  local sent, shortest_ns = {}, math.huge
  for _, one in ipairs(servers) do
    for line in io.lines(one.folder .. "/sent") do sent[#sent + 1] = tonumber(line) end
  end
  table.sort(sent)
  for i = RATE + 1, #sent do shortest_ns = math.min(shortest_ns, sent[i] - sent[i - RATE]) end
  expect(#sent >= calls.answered, "%d calls were answered, %d left", calls.answered, #sent)
  return shortest_ns / 1e9
end

-- What the quota lets leave in a window and a guard arrives in a window, unless this machine stops a call on its way
-- for longer than the guard: for that one call in a hundred may be throttled.
local function one_quota()
  local found, shortest = happened.found, densest()
  expect(shortest >= 1 + GUARD, "%d calls left within %.3f s", RATE + 1, shortest)
  expect(found.throttled <= found.calls / 100, "%d of %d calls were throttled", found.throttled, found.calls)
  return ("%.2f calls/s, %d in no less than %.3f s, %d throttled"):format(found.per_second, RATE + 1, shortest,
    found.throttled)
end

-- The greatest or the least that was sampled from one moment to another, as parts of the run.
local function extreme(which, one, name, from, to)
  local found
  for _, each in ipairs(one.samples) do
    if each.at >= from and each.at < to then found = which(found or each[name], each[name]) end
  end
  return found
end

-- from, to: the part of the run which the last sixth is compared with.
local function judge_steady(name, which, from, to, most, unit)
  local said = {}
  for _, one in ipairs(servers) do
    if one.steady then
      local first, last = extreme(which, one, name, from, to), extreme(which, one, name, 5 / 6, 2)
      expect(first and last, "%s: its one worker was not found", one.name)
      expect(last - first < most, "%s: from %d to %d %s", one.name, first, last, unit)
      said[#said + 1] = ("%s from %d to %d"):format(one.name, first, last)
    end
  end
  expect(said[1], "there was no run")
  return table.concat(said, ", ") .. " " .. unit
end

-- What its kill makes a server say; and a HAProxy that begins anew while all its sockets are inherited, so that the old
-- process has none to hand over.
local EXPECTED = { "[notice]", "exited on signal 9", "exited with code 137 (Killed)",
  "exit-on-failure: killing every processes with SIGTERM", "Failed to get the sockets from the old process!" }

local function is_expected(line)
  for _, text in ipairs(EXPECTED) do
    if line:find(text, 1, true) then return true end
  end
  return false
end

-- Lines of a server that tell of anything else that it finds worth an alert: nginx says only what is one.
local function strange_lines(one)
  local found = {}
  for line in one:said():gmatch("[^\n]+") do
    if (line:find("^%[ALERT%]") or one.kind == "nginx") and not is_expected(line) then found[#found + 1] = line end
  end
  return found
end

local function nothing_said()
  expect(servers[1], "there was no run")
  for _, one in ipairs(servers) do
    local lines = strange_lines(one)
    expect(not lines[1], "%s said:\n%s", one.name, table.concat(lines, "\n", 1, math.min(20, #lines)))
  end
  expect(not happened.problems[1], "%s", table.concat(happened.problems, "\n"))
  return happened.reloads .. " reloads"
end

local tests = {
  { "calls from nginx and HAProxy through reloads and kills", none_lost },
  { "all of them keep one quota", one_quota },
  { "what lives throughout opens no more",
    function() return judge_steady("descriptors", math.min, 1 / 6, 1 / 2, 6, "descriptors") end },
  { "no alert, no zombie, and who leaves ends", nothing_said },
}
if LONG then
  -- HAProxy needs some hundred calls to warm up: after a sixth of half an hour each of the five has had 400, of the 6.7
  -- a second for all. What it takes at most soon after that it may not outgrow; a longer stretch, which ends later,
  -- would hide more of what grows all the time.
  tests[#tests + 1] = { "what lives throughout needs no more memory",
    function() return judge_steady("kib", math.max, 1 / 6, 4 / 15, MIB, "KiB") end }
end
judge.run(here, tests)
