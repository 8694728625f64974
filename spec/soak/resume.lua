-- resume.lua RUNS - audits that are cut short at random moments and gone on with: RUNS (20) of them by kill -9, a tenth
-- as many each by Ctrl-C and by a loss of power. Prints TAP.
--
-- The output has to be byte for byte that of an audit that nobody disturbed, the ledger to have each serial once, and
-- nothing to be asked twice but the batches that were on their way at that moment: at most 16 (after a loss of power
-- also those whose answers it took).
require("spec.support.canaries").watch()
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

local RUNS = tonumber(arg[1])
local CERTIFICATES, STRANGERS, IN_FLIGHT, END_MS = 60, 160, 16, 60000

local folder = files.folder()
local log = folder .. "/log"
local made = files.make_ca(folder, CERTIFICATES, 8)
local home, report = folder .. "/home", folder .. "/report"
local service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--qps", "1000",
  "--log", log }

local function expect(condition, text, ...)
  if not condition then error(text:format(...), 0) end
end

-- Park and Miller's generator: the same numbers each time, on every Lua.
local seed = 20261124
local function random(n)
  seed = seed * 16807 % 2147483647
  return seed % n
end

-- Serials of the CA and of nobody, with what lists have: comments, forms, one that comes again, one that is none.
local function write_sources()
  local lines, strangers = { "# serials" }, { "name,serial" }
  for i = 1, CERTIFICATES + STRANGERS do
    local serial = made[i] and made[i].serial or ("5e%04x%06x"):format(i, random(16777216))
    lines[#lines + 1] = i % 3 == 0 and serial:upper():gsub("..", "%0:"):sub(1, -2) or serial
    if i % 50 == 0 then lines[#lines + 1] = made[i - 30] and made[i - 30].serial or lines[i - 30] end
    if i % 70 == 0 then lines[#lines + 1] = "1,2" end
    if not made[i] then strangers[#strangers + 1] = ('"a, ""b""",%s'):format(serial) end
  end
  strangers[20] = 'no quote at the end of "this,01'
  files.write(folder .. "/list", table.concat(lines, "\n") .. "\n")
  files.write(folder .. "/strangers", table.concat(strangers, "\r\n") .. "\r\n")
  files.shell(("gzip -c %s/list > %s/packed"):format(folder, folder))
end

-- What is audited, with how many serials a call.
local SOURCES = {
  { "a file", "--batch 4 --from $D/list" },
  { "a pipe", "--batch 4 --from - < $D/list" },
  { "what gzip packed", "--batch 4 --from $D/packed" },
  { "the service's list", "--batch 1 --from list" },
  { "a folder, the service's list, a table and a pipe",
    "--batch 4 --from $D/ca/sub/newcerts --from list --from csv:serial:$D/strangers --from - < $D/list" },
}

-- Starts an audit of a source.
local function start(source, more)
  local command = ("exec \"$LUA\" scripts/certstat audit --endpoint %s --home %s --qps 400 --format csv --quiet "
    .. "--output %s %s %s 2>&1"):format(service.url, home, report, more, source[2])
  return assert(ipc.spawn {
    argv = { "/bin/sh", "-c", command },
    env = { "D=" .. folder, "LUA=" .. os.getenv("LUA_EXE"), "PATH=" .. os.getenv("PATH"), "LUA_PATH=" .. package.path,
      "LUA_CPATH=" .. package.cpath, "ALIBABA_CLOUD_ACCESS_KEY_ID=demo",
      "ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away" },
    output = true, parent_signal = 9,
  })
end

-- Waits for its end; returns how it ended, with what, and what it said.
local function finish(process)
  local said = ""
  while true do
    local kind, value = process:wait(END_MS)
    if kind ~= "output" then
      process:close()
      return kind, value, said
    end
    said = said .. value
  end
end

-- The emulator's log, read as it grows: how many calls it has that ask for serials, and for how many.
local reading, calls, serials = assert(io.open(log, "rb")), 0, 0
local function read_log()
  local text = reading:read("*a")
  local whole = text:match("^.*\n") or ""
  reading:seek("cur", #whole - #text) -- a line may be there in part; and past the end of file that C's stdio remembers
  for asked in whole:gmatch('"serials":(%d+)') do
    calls, serials = calls + (asked ~= "0" and 1 or 0), serials + tonumber(asked)
  end
  return calls, serials
end

-- What the ledger has: the number of its last run, and how many serials were answered in that.
local function look()
  local opened = assert(ledger.open { home = home })
  local last = opened:runs()[1]
  local run = last and last.run or 0
  local asked, answered, position = {}, 0, 0
  while true do
    local page = opened:asked(run, position)
    for _, row in ipairs(page) do
      expect(row.position == position + 1, "position %d comes after %d", row.position, position)
      position = row.position
      if row.key and not asked[row.key] then
        asked[row.key] = true
        answered = answered + (opened:answer(run, row.key) and 1 or 0)
      end
    end
    if #page == 0 then break end
  end
  expect(opened:check() == "", "the ledger is not whole: %s", opened:check())
  opened:close()
  return run, answered
end

-- How an audit that nobody disturbs goes: its report, the serials it asks for, its calls. Each source's is kept.
local undisturbed = {}
local function audit_of(source)
  if not undisturbed[source] then
    local calls_before, serials_before = read_log()
    local how, status, said = finish(start(source, ""))
    expect(how == "exited" and status <= 2, "the audit of %s: %s %s: %s", source[1], how, tostring(status), said)
    local calls_made, asked = read_log()
    undisturbed[source] = { report = files.read(report), calls = calls_made - calls_before,
      serials = asked - serials_before }
  end
  return undisturbed[source]
end

-- Lets an audit make so many more calls, or end before; then, up to 3 ms later, sends it a signal. Returns how it
-- ended, with what, and what it said.
local function cut(process, more, signal)
  local until_calls = read_log() + more
  local kind, value
  repeat kind, value = process:wait(1) until kind ~= "time" or read_log() >= until_calls
  if kind == "time" then
    process:wait(random(4))
    process:signal(signal)
    return finish(process)
  end
  process:close()
  return kind, value, ""
end

-- What has not been synchronised goes with the power: the end of the journal (https://www.sqlite.org/wal.html).
local function lose_power()
  local journal = home .. "/ledger.db-wal"
  if not ipc.facts(journal) then return end
  local text = files.read(journal)
  files.write(journal, text:sub(1, random(#text + 1)))
  os.remove(home .. "/ledger.db-shm")
end

-- Cuts an audit short and goes on with it until it has ended; returns whether it was cut in the middle.
local function cut_and_resume(source, way)
  local whole = audit_of(source)
  files.write(report, "old")
  os.remove(report .. ".part")
  local calls_before, serials_before = read_log()
  local how, status, said = cut(start(source, ""), random(whole.calls), way.signal)
  expect(how == "killed" or status <= 3, "the audit that is cut short: %s %s: %s", how, tostring(status), said)
  local ended = how == "exited" and status <= 2
  local text = files.read(report)
  expect(text == whole.report or text == "old" and not ended, "the report is neither the old one nor a whole one")
  if way.well_formed and ipc.facts(report .. ".part") then
    local part = files.read(report .. ".part")
    local is_prefix = whole.report:sub(1, #part) == part
    expect(is_prefix and (part == "" or part:sub(-2) == "\r\n"), "the part is not well-formed")
  end
  if way.lost then way.lost() end
  local run, answered = look()
  how, status, said = finish(start(source, "--resume"))
  expect(how == "exited" and status <= 2, "the audit that goes on: %s %s: %s", how, tostring(status), said)
  expect(files.read(report) == whole.report, "the report of an audit that went on is another")
  expect(not ipc.facts(report .. ".part"), "a part is left")
  local last, answers = look()
  expect(answers == whole.serials, "expected %d answers, found %d", whole.serials, answers)
  if last ~= run then return false end -- it had not begun, or had ended
  local calls_after, serials_after = read_log()
  local again, asked_again = calls_after - calls_before - whole.calls, serials_after - serials_before - whole.serials
  expect(asked_again >= 0, "%d serials were not asked", -asked_again)
  expect(way.lost or again <= IN_FLIGHT, "%d calls were made again", again)
  return answered > 0 and answered < whole.serials
end

local WAYS = {
  { name = "kill -9", signal = 9, runs = RUNS },
  { name = "Ctrl-C", signal = 2, runs = math.ceil(RUNS / 10), well_formed = true },
  { name = "a loss of power", signal = 9, runs = math.ceil(RUNS / 10), lost = lose_power },
}

local function test(way)
  local middle = 0
  for i = 1, way.runs do
    local source = SOURCES[(i - 1) % #SOURCES + 1]
    local fine, cut_in_the_middle = pcall(cut_and_resume, source, way)
    expect(fine, "%s, run %d: %s", source[1], i, tostring(cut_in_the_middle))
    if cut_in_the_middle then middle = middle + 1 end
  end
  return ("%d runs, %d of them cut in the middle"):format(way.runs, middle)
end

write_sources()
for number, way in ipairs(WAYS) do
  local began = ipc.now_ns()
  local ok, said = pcall(test, way)
  print(("%s %d - an audit goes on after %s%s # %d ms"):format(ok and "ok" or "not ok", number, way.name,
    ok and ": " .. said or "", math.floor((ipc.now_ns() - began) / 1e6)))
  if not ok then print("# " .. tostring(said):gsub("\n", "\n# ")) end
  io.stdout:flush()
end
print("1.." .. #WAYS)
emulator.stop(service)
ipc.remove_folder(folder)
