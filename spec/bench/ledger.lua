-- ledger.lua ROWS … - a ledger of so many rows for each number, written at 50 a transaction as an audit writes them,
-- and read back one by one: each has to be right. Keys are spread as real serial numbers are. Memory is the process's
-- peak.
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"

local BATCH = 50

-- 14 bytes, another for each i: an odd factor spreads the low 16 bits over the tree.
local function key_of(i)
  local high, low = i * 40503 % 65536, i % 65536
  return ("b67e53ebcea9%04x77d65b%04x%06x"):format(high, low, math.floor(i / 65536))
end

local function status_of(i) return i % 100 == 0 and "revoked" or "good" end

local function write(opened, run, rows)
  for first = 1, rows, BATCH do
    local asked, answers = {}, {}
    for i = first, math.min(first + BATCH - 1, rows) do
      local key = key_of(i)
      asked[#asked + 1] = { position = i, key = key, given = key, source = "line " .. i }
      answers[#answers + 1] = { key = key, status = status_of(i), revoked_at = i % 100 == 0 and i or nil }
    end
    assert(opened:record { account = "default", run = run, checked_at = 2000, asked = asked, answers = answers })
  end
  assert(opened:end_run(run, 3000, true))
end

local function read(opened, rows)
  for i = 1, rows do
    local latest = assert(opened:latest("default", key_of(i)))
    assert(latest.status == status_of(i) and latest.revoked_at == (i % 100 == 0 and i or nil))
  end
end

local function rate(rows, body)
  local started = ipc.now_ns()
  body()
  return rows / ((ipc.now_ns() - started) / 1e9)
end

local function peak_megabytes()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmHWM:%s*(%d+)")
    if kilobytes then return kilobytes / 1024 end
  end
end

local function measure(rows)
  local home = assert(ipc.temporary_folder("/tmp/certstat-bench-XXXXXX"))
  local opened = assert(ledger.open { home = home, create = true })
  local run = assert(opened:begin_run { account = "default", command = "audit", settings = "bench", started = 1000 })
  local written = rate(rows, function() write(opened, run, rows) end)
  local found = rate(rows, function() read(opened, rows) end)
  local bytes = opened:info().bytes / rows
  opened:close()
  ipc.remove_folder(home)
  return written, found, bytes
end

local least = {}
local function line(rows, what, figure, unit)
  least[what] = least[what] or { rows = rows, figure = figure }
  local first = least[what]
  print(("%-40s %11.0f %-6s %-20s %11.0f %-6s %6.2f"):format(("ledger, %d rows: %s"):format(rows, what), figure, unit,
    ("%d rows"):format(first.rows), first.figure, unit, figure / first.figure))
end

for _, number in ipairs(arg) do
  local rows = tonumber(number)
  local written, found, bytes = measure(rows)
  line(rows, "written", written, "/s")
  line(rows, "read", found, "/s")
  line(rows, "a row", bytes, "B")
  line(rows, "memory", peak_megabytes(), "MB")
end
