-- changes.lua ROWS - two audits of so many serials compared, of which one in a hundred has changed; each change has to
-- be right. The time is the processor's, held against 5 s for a million rows: more is a failure.
local changes = require "certstat.changes"
local ipc = require "certstat.ipc"
local key_of = require("spec.support.ledger_rows").key
local ledger = require "certstat.ledger"

local ROWS, AT_ONCE, MOST_S = tonumber(arg[1]), 5000, 5

-- What the two audits say of serial i; nil: not asked for.
local function statuses_of(i)
  if i % 100 > 0 then return "good", "good" end
  local kind = math.floor(i / 100) % 4
  if kind == 0 then return "good", "revoked" end
  if kind == 1 then return "good", nil end
  if kind == 2 then return nil, "good" end
  return "unknown", "good"
end

local KINDS = { [0] = "revoked", "vanished", "new", "known" }

local function write(opened, which)
  local run = assert(opened:begin_run { account = "default", command = "audit", settings = "bench", started = which })
  for first = 1, ROWS, AT_ONCE do
    local answers = {}
    for i = first, math.min(first + AT_ONCE - 1, ROWS) do
      local status = select(which, statuses_of(i))
      if status then answers[#answers + 1] = { key = key_of(i), status = status } end
    end
    assert(opened:record { account = "default", run = run, checked_at = which, answers = answers })
  end
  assert(opened:end_run(run, which, true))
end

local home = assert(ipc.temporary_folder("/tmp/certstat-bench-"))
local opened = assert(ledger.open { home = home, create = true })
local expected, found = {}, {}
for i = 100, ROWS, 100 do
  local kind = KINDS[math.floor(i / 100) % 4]
  expected[kind] = (expected[kind] or 0) + 1
end
write(opened, 1)
write(opened, 2)
local earlier, later = assert(changes.runs(opened, "default"))
local began = os.clock()
for change in changes.between(opened, earlier, later) do found[change.kind] = (found[change.kind] or 0) + 1 end
local seconds = os.clock() - began
opened:close()
ipc.remove_folder(home)
for _, kind in pairs(KINDS) do assert(found[kind] == expected[kind], kind) end
local most = MOST_S * ROWS / 1e6
print(("%-40s %11.2f %-6s %-20s %11.2f %-6s %6.2f"):format(("changes, %d rows against %d"):format(ROWS, ROWS), seconds,
  "s", "at most", most, "s", seconds / most))
assert(seconds <= most, "too slow")
