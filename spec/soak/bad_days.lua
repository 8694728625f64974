-- bad_days.lua SECONDS - eight processes at full demand, one quota, and what befalls its file and them. Each test runs
-- for SECONDS; the emulator's log is the judge of when calls arrived. Prints TAP.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local judge = require "spec.soak.judge"
local stage = require "spec.soak.stage"

local SECONDS = tonumber(arg[1])
local CALLERS, KILL, CONTINUE, STOP = 8, 9, 18, 19
local EVERY = 4 -- seconds; a state that can't be believed costs a window and a half
local STALL = 3 -- seconds; so long nothing may come, with that window, and the guard

local expect = judge.expect
local here = stage.new()

local function start_all(mode, env)
  for _ = 1, CALLERS do here:start("audit", "adapts", mode, nil, env) end
end

-- Does something every few seconds, and leaves time to recover from it.
local function every_so_often(act)
  for _ = 1, math.floor(SECONDS / EVERY) do
    here:pass(EVERY / 2)
    act(here.home .. "/quota/default")
    here:pass(EVERY / 2)
  end
end

local function finish()
  local found = judge.read(here:finish())
  judge.keeps_rule(found, STALL)
  return judge.say(found)
end

-- ---- processes that are stopped ----

local function has_lock(pid)
  for fd = 0, 15 do
    local file = io.open(("/proc/%d/fdinfo/%d"):format(pid, fd))
    local text = file and file:read("*a") or ""
    if file then file:close() end
    if text:find("\nlock:") then return true end
  end
  return false
end

local function await_stop(pid)
  while not files.read(("/proc/%d/stat"):format(pid)):find("%) T ") do here:pass(0.01) end
end

-- Stops a process while it holds the lock.
local function stop_inside(process, pid)
  for _ = 1, 1000 do
    assert(process:signal(STOP))
    await_stop(pid)
    if has_lock(pid) then return end
    assert(process:signal(CONTINUE))
  end
  error("it never has the lock", 0)
end

local function stopped_inside_the_lock()
  here:begin()
  start_all("to-the-end")
  here:pass(SECONDS / 4)
  local process, pid = here:start_restless()
  stop_inside(process, pid)
  local stopped_us = ipc.wall_ns() / 1000
  local expected = ("%s/quota/default: locked for over a second; open in process %d (restless, stopped, has locked it)")
    :format(here.home, pid)
  for caller = 1, CALLERS do
    local said = here:last_words(caller, 10)
    expect(said and said:find(expected, 1, true), "expected \"%s\", found \"%s\"", expected, tostring(said))
  end
  local ended_us = ipc.wall_ns() / 1000
  process:signal(KILL)
  process:close()
  for caller = 1, CALLERS do
    here:start("audit", "adapts", nil, caller)
    here:pass(0.1) -- the file is usable at once: how long calls take should not be what starting eight programs takes
  end
  here:pass(SECONDS / 2)
  local arrivals, throttled = here:finish()
  local found = judge.read(arrivals, throttled)
  judge.keeps_rule(found, math.huge)
  expect(arrivals[#arrivals] > ended_us, "no call came after it was killed")
  for _, at_us in ipairs(arrivals) do
    expect(at_us < stopped_us + 500000 or at_us > ended_us, "a call came while the lock was held")
  end
  return judge.say(found)
end

-- Not for so long that the others take a lock for lost. What a stopped process was permitted is over when it goes on.
local function stopped_now_and_then()
  math.randomseed(20261124)
  here:begin()
  start_all()
  for _ = 1, SECONDS do
    local caller = math.random(CALLERS)
    here:signal(caller, STOP)
    here:pass(math.random(300, 900) / 1000)
    here:signal(caller, CONTINUE)
  end
  return finish()
end

-- ---- the file ----

local function no_room()
  local expected = "/quota/default: write: "
  local function starve()
    local said = here:last_words(here:start_without_room("audit", "adapts", "to-the-end"), 10)
    expect(said and said:find(expected, 1, true), "expected \"%s\", found \"%s\"", expected, tostring(said))
  end
  here:begin()
  starve() -- there is no file yet
  expect(#files.read(here.home .. "/quota/default") < 4096, "the file is whole")
  start_all()
  every_so_often(starve)
  return finish()
end

local function deleted()
  here:begin()
  start_all()
  every_so_often(function()
    -- who finds it gone makes it anew, perhaps while this removes it
    repeat until ipc.remove_folder(here.home)
  end)
  return finish()
end

local function damaged()
  math.randomseed(20261124)
  local function noise(n)
    local bytes = {}
    for i = 1, n do bytes[i] = string.char(math.random(0, 255)) end
    return table.concat(bytes)
  end
  local kinds = {
    function(page) return page:sub(1, math.random(0, #page - 1)) end,
    function(page) return noise(#page) end,
    function(page) return (page:gsub("^certstat quota\n1", "certstat quota\n2")) end,
    function() return "SQLite format 3\0" .. noise(8192) end,
    function(page)
      local at = math.random(#page)
      return page:sub(1, at - 1) .. string.char((page:byte(at) + 1) % 256) .. page:sub(at + 1)
    end,
  }
  local n = 0
  here:begin()
  start_all()
  every_so_often(function(path)
    n = n % #kinds + 1
    files.write(path, kinds[n](files.read(path)))
  end)
  return finish()
end

-- ---- the clock ----

-- Whether the service has answered any call that came then.
local function answers_between(from_us, until_us)
  for line in io.lines(here.log) do
    local at_us = tonumber(line:match('"arrival_us":(%d+)'))
    if at_us >= from_us and at_us < until_us and line:find('"http_status":200', 1, true) then return true end
  end
  return false
end

-- libfaketime reads the offset from a file at each look at the clock, and leaves the clock alone that counts from boot.
local function clock_set()
  here:begin()
  local offset = here.folder .. "/offset"
  files.write(offset, "+0")
  start_all(nil, {
    "LD_PRELOAD=" .. files.shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1"):gsub("\n", ""),
    "FAKETIME_TIMESTAMP_FILE=" .. offset, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
  })
  here:pass(SECONDS / 4)
  local jumps_us = {}
  for i, jump in ipairs { "+1h", "-1h" } do
    jumps_us[i] = ipc.wall_ns() / 1000
    files.write(offset, jump)
    here:pass(SECONDS * i / 4)
  end
  local found = judge.read(here:finish())
  judge.keeps_rule(found, 2)
  expect(files.read(here.log):find("InvalidTimeStamp.Expired", 1, true), "the service has not noticed")
  for i, jump_us in ipairs(jumps_us) do -- what left before one has arrived half a second later
    expect(answers_between(jump_us + 500000, jumps_us[i + 1] or math.huge), "no call was answered after jump %d", i)
  end
  return judge.say(found)
end

judge.run(here, {
  { "one that is stopped inside the lock is named to all who wait for it", stopped_inside_the_lock },
  { "processes that are stopped now and then", stopped_now_and_then },
  { "one after the other finds no room to write", no_room },
  { "the home is deleted", deleted },
  { "the file is damaged, or another's", damaged },
  { "the clock of the wall is set an hour forward, and back", clock_set },
})
