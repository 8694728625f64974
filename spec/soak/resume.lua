-- resume.lua RUNS - audits that are cut short at random moments, RUNS (20) of them by kill -9 and a fifth as many by
-- Ctrl-C, and gone on with. Prints TAP.
--
-- The output has to be byte for byte that of an audit that nobody disturbed, the ledger to have each serial once, and
-- nothing to be asked twice but what was on its way at that moment: at most 16 batches.
require("spec.support.canaries").watch()
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

local RUNS = tonumber(arg[1])
local CERTIFICATES, BATCH, IN_FLIGHT, END_MS = 300, 4, 16, 60000

local folder = files.folder()
local log = folder .. "/log"
local made = files.make_ca(folder, CERTIFICATES, 30)
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

-- A list with what lists have: comments, forms, a serial that comes again, and one that is none.
local function write_list()
  local lines, distinct = { "# serials" }, 0
  for i, one in ipairs(made) do
    lines[#lines + 1] = i % 3 == 0 and one.serial:upper():gsub("..", "%0:"):sub(1, -2) or one.serial
    if i % 50 == 0 then lines[#lines + 1] = made[i - 30].serial end
    if i % 70 == 0 then lines[#lines + 1] = "1,2" end
    distinct = distinct + 1
  end
  files.write(folder .. "/list", table.concat(lines, "\n") .. "\n")
end

local SOURCES = {
  { "a file", "--from %s/list" },
  { "a pipe", "--from - < %s/list" },
  { "the service's list", "--from list" },
}

-- Starts an audit of a source.
local function start(source, more)
  local command = ("exec \"$LUA\" scripts/certstat audit --endpoint %s --home %s --batch %d --qps 400 --format csv "
    .. "--quiet --output %s %s %s 2>&1"):format(service.url, home, BATCH, report, more, source[2]:format(folder))
  return assert(ipc.spawn {
    argv = { "/bin/sh", "-c", command },
    env = { "LUA=" .. os.getenv("LUA_EXE"), "PATH=" .. os.getenv("PATH"), "LUA_PATH=" .. package.path,
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

-- The emulator's log, read as it grows: how many calls it has, and how many serials these asked for.
local reading, calls, serials = assert(io.open(log, "rb")), 0, 0
local function read_log()
  while true do
    local line = reading:read("*l")
    if not line then
      reading:seek("cur", 0) -- past the end of file that C's stdio remembers
      return calls, serials
    end
    calls, serials = calls + 1, serials + tonumber(line:match('"serials":(%d+)'))
  end
end

-- What the ledger has: the number of its last run, and how many serials were answered in that.
local function look()
  local opened = assert(ledger.open { home = home })
  local run = opened:runs()[1].run
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

-- How an audit that nobody disturbs goes: its report, the serials it asks for, its calls.
local function undisturbed(source)
  local calls_before, serials_before = read_log()
  local kind, status, said = finish(start(source, ""))
  expect(kind == "exited" and status <= 2, "the audit of %s: %s %s: %s", source[1], kind, tostring(status), said)
  local calls_made, asked = read_log()
  return { report = files.read(report), calls = calls_made - calls_before,
    serials = asked - serials_before }
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

-- Cuts an audit short and goes on with it until it has ended; returns whether it was cut in the middle.
local function cut_and_resume(source, whole, signal)
  os.remove(report)
  local _, before = read_log()
  local how, status, said = cut(start(source, ""), random(whole.calls), signal)
  expect(how == "killed" or status <= 3, "the audit that is cut short: %s %s: %s", how, tostring(status), said)
  local run, answered = look()
  how, status, said = finish(start(source, "--resume"))
  expect(how == "exited" and status <= 2, "the audit that goes on: %s %s: %s", how, tostring(status), said)
  expect(files.read(report) == whole.report, "the report of an audit that went on is another")
  local last, answers = look()
  expect(answers == whole.serials, "expected %d answers, found %d", whole.serials, answers)
  if last ~= run then return false end -- it had not begun, or had ended
  local _, asked = read_log()
  local repeated = asked - before - whole.serials
  expect(repeated >= 0 and repeated <= IN_FLIGHT * BATCH, "%d serials were asked twice", repeated)
  return answered > 0 and answered < whole.serials
end

local function test(source, signal, runs)
  local whole, middle = undisturbed(source), 0
  for _ = 1, runs do
    if cut_and_resume(source, whole, signal) then middle = middle + 1 end
  end
  return ("%d runs, %d of them cut in the middle"):format(runs, middle)
end

write_list()
local number = 0
for _, pair in ipairs { { 9, RUNS }, { 2, math.ceil(RUNS / 5) } } do
  local signal, all = pair[1], pair[2]
  for i, source in ipairs(SOURCES) do
    local runs = math.floor(all / 3) + (i <= all % 3 and 1 or 0)
    local began = ipc.now_ns()
    local ok, said = pcall(test, source, signal, runs)
    number = number + 1
    print(("%s %d - an audit of %s goes on after signal %d%s # %d ms"):format(ok and "ok" or "not ok", number,
      source[1], signal, ok and ": " .. said or "", math.floor((ipc.now_ns() - began) / 1e6)))
    if not ok then print("# " .. tostring(said):gsub("\n", "\n# ")) end
    io.stdout:flush()
  end
end
print("1.." .. number)
emulator.stop(service)
ipc.remove_folder(folder)
