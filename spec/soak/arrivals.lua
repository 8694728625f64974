-- arrivals.lua LINES SECONDS - whether the emulator stamps calls as they arrive, whatever it reads: an index.txt of
-- LINES lines is replaced again and again, while the counters say how long the worker has worked at a time; and while a
-- client makes ten calls a second for SECONDS, whose arrivals are held against those without any reading. Prints TAP.
local certstat = require "certstat"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local lfs = require "lfs"

local LINES, SECONDS = tonumber(arg[1]), tonumber(arg[2])
local RATE = 10
-- A virtual machine is stopped by its host now and then, for milliseconds which count as the worker's own. A step that
-- is long in itself comes with each reading: so the strict check is that some short readings have none, and the loose
-- one that of all turns in a long reading hardly any are long.
local ROUNDS, CALM = 30, 4
local MOST_LONG = 0.05
-- The scheduler lets a worker that works wait longer than one that sleeps; a reading that stops it takes longer.
local MOST_LATER_MS = 50

local folder = files.folder()
local index = folder .. "/ca/index.txt"

local function line(number, status)
  return ("%s\t391124041809Z\t%s\t%08X%08X\tunknown\t/C=CN/O=Example/CN=device-%d\n"):format(status,
    status == "R" and "261124041810Z,superseded" or "", number * 2654435761 % 4294967296, number, number)
end

-- Three databases: one, the same with another certificate revoked, and without the first line, so that all differ.
local ONE, REVOKED, SHIFTED = 1, 2, 3
local function write_databases()
  local function open(number) return assert(io.open(("%s/%d"):format(folder, number), "w")) end
  local first, revoked, shifted = open(ONE), open(REVOKED), open(SHIFTED)
  for number = 1, LINES do
    local text = line(number, number % 20 == 0 and "R" or "V")
    first:write(text)
    revoked:write(number == math.floor(LINES / 2) + 1 and line(number, "R") or text)
    if number > 1 then shifted:write(text) end
  end
  for _, file in ipairs { first, revoked, shifted } do file:close() end
end

-- Puts a database in the place of the one before, as `openssl ca` does.
local function replace(number)
  assert(lfs.link(("%s/%d"):format(folder, number), index .. ".new"))
  assert(os.rename(index .. ".new", index))
end

-- Ten calls a second; `before` comes before each. → by how many milliseconds each arrival was stamped later than it
-- was sent, in order.
local function call(running, before)
  local sent_us, count, log = {}, 0, running.log:seek("end")
  local client = assert(certstat.client {
    endpoint = running.url, credentials = { access_key_id = "demo", access_key_secret = "throw-away" }, batch = 1,
    quota = certstat.quota { rate = 1, window = 1 / RATE, guard = 0 }, timeout = 400, -- an answer waits for readings
    on_call = function(event)
      if event.sent_ns then sent_us[#sent_us + 1] = (event.sent_ns + ipc.wall_ns() - ipc.now_ns()) / 1000 end
    end,
  })
  local function serials()
    if count == SECONDS * RATE then return nil end
    count = count + 1
    before(count)
    return ("%X"):format(count)
  end
  for row in client:audit(serials) do
    if row.status == "error" then error(row.message, 0) end
  end
  client:close()
  running.log:seek("set", log)
  local arrivals, later = {}, {}
  for text in running.log:lines() do arrivals[#arrivals + 1] = tonumber(text:match('"arrival_us":(%d+)')) end
  if #arrivals ~= #sent_us then error(("%d calls were sent, %d arrived"):format(#sent_us, #arrivals), 0) end
  table.sort(arrivals)
  table.sort(sent_us)
  for i, arrival in ipairs(arrivals) do later[i] = (arrival - sent_us[i]) / 1000 end
  table.sort(later)
  return later
end

local function part(sorted, share) return sorted[math.max(1, math.ceil(#sorted * share))] end

local function start()
  lfs.mkdir(folder .. "/ca")
  write_databases()
  replace(ONE)
  local started = emulator.start { "--ca", folder .. "/ca", "--qps", "1000", "--log", folder .. "/log" }
  started.log = assert(io.open(folder .. "/log", "r"))
  return started
end

local function counters(running)
  local status, found = emulator.order(running, "GET", "/counters")
  assert(status == 200)
  return found
end

local running, counted

-- Whoever asks for the counters has the database read before. → turns, and long ones, since it was replaced.
local function read_again(number)
  local before = counted
  replace(number)
  counted = counters(running)
  return counted.turns - before.turns, counted.long_turns - before.long_turns
end

local function hardly_changed()
  local calm = 0
  for round = 1, ROUNDS do
    local _, long = read_again(round % 2 == 1 and REVOKED or ONE)
    if long == 0 then calm = calm + 1 end
  end
  local said = ("%d of %d readings without a turn of more than a millisecond"):format(calm, ROUNDS)
  if calm < CALM then error(said, 0) end
  return said
end

local function all_changed()
  local turns, long = 0, 0
  for _, number in ipairs { SHIFTED, ONE } do
    local more, more_long = read_again(number)
    turns, long = turns + more, long + more_long
  end
  local said = ("%d of %d turns took more than a millisecond"):format(long, turns)
  if turns < LINES / 500 then error("it read too little: " .. said, 0) end
  if long > turns * MOST_LONG then error(said, 0) end
  return said
end

local function arrivals_are_stamped()
  local idle = call(running, function() end)
  local busy = call(running, function(number)
    replace(number % 15 == 0 and SHIFTED or number % 2 == 1 and REVOKED or ONE)
  end)
  local said = ("half of them %.2f ms after they were sent, nine of ten %.2f ms; idle: %.2f and %.2f ms"):format(
    part(busy, 0.5), part(busy, 0.9), part(idle, 0.5), part(idle, 0.9))
  if part(busy, 0.5) > part(idle, 0.5) + MOST_LATER_MS then error(said, 0) end
  return said
end

local tests = {
  { ("an index of %d lines is loaded"):format(LINES), function()
    local began = ipc.now_ns()
    running = start()
    counted = counters(running)
    return ("in %.1f s, its making included"):format((ipc.now_ns() - began) / 1e9)
  end },
  { "a reading that finds one line changed never holds the worker for a millisecond", hardly_changed },
  { "nor one that finds all changed", all_changed },
  { "calls are stamped when they arrive, while it is read", arrivals_are_stamped },
}

for i, test in ipairs(tests) do
  local began = ipc.now_ns()
  local ok, said = pcall(test[2])
  print(("%s %d - %s%s # %d ms"):format(ok and "ok" or "not ok", i, test[1], ok and ": " .. said or "",
    math.floor((ipc.now_ns() - began) / 1e6)))
  if not ok then print("# " .. tostring(said):gsub("\n", "\n# ")) end
  io.stdout:flush()
end
print("1.." .. #tests)
if running then emulator.stop(running) end
ipc.remove_folder(folder)
