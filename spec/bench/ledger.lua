-- ledger.lua PROGRAM ROWS … - a ledger of so many rows for each number, written at 50 a transaction as an audit writes
-- them, and read back one by one: each has to be right. PROGRAM, sqlite_rows, does the same by SQLite alone, and has to
-- come to the same rows. Memory is the process's peak.
local figures = require "spec.bench.figures"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local many = require "spec.support.ledger_rows"
local memory = require "spec.support.memory"

local program = table.remove(arg, 1)

local function rate(rows, body)
  local started = ipc.now_ns()
  body()
  return rows / ((ipc.now_ns() - started) / 1e9)
end

-- body(ledger, home) in a new ledger, whose rows are right then.
local function with_ledger(rows, body)
  local home = assert(ipc.temporary_folder("/tmp/certstat-bench-"))
  local opened = assert(ledger.open { home = home, create = true })
  body(opened, home)
  local found, expected = many.digests(home, rows)
  assert(found == expected, "the ledger has other rows than it should")
  opened:close()
  ipc.remove_folder(home)
end

local function measure(rows)
  local figure = {}
  with_ledger(rows, function(opened)
    figure.written = rate(rows, function() many.write(opened, rows) end)
    figure.read = rate(rows, function() many.read(opened, rows) end)
    figure.bytes = opened:info().bytes / rows
  end)
  return figure
end

local function measure_sqlite(rows)
  local figure = {}
  with_ledger(rows, function(_, home)
    local pipe = assert(io.popen(("%s %s/ledger.db %d"):format(program, home, rows)))
    local written, read = pipe:read("*n", "*n")
    pipe:close()
    figure.written, figure.read = rows / assert(written, "sqlite_rows failed"), rows / read
  end)
  return figure
end

local least
for _, number in ipairs(arg) do
  local rows = tonumber(number)
  local name, figure, alone = ("ledger, %d rows: "):format(rows), measure(rows), measure_sqlite(rows)
  figure.memory = memory.peak_mib()
  figures.line(name .. "written", figure.written, "SQLite alone", alone.written, "/s")
  figures.line(name .. "read", figure.read, "SQLite alone", alone.read, "/s")
  if least then
    figures.line(name .. "written", figure.written, least.name, least.written, "/s")
    figures.line(name .. "read", figure.read, least.name, least.read, "/s")
    figures.line(name .. "a row", figure.bytes, least.name, least.bytes, "B")
    figures.line(name .. "memory", figure.memory, least.name, least.memory, "MiB")
  end
  figure.name = ("%d rows"):format(rows)
  least = least or figure
end
