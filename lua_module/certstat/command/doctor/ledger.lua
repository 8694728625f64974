--- The ledger: where it is, how large, and whether it is whole.
local home = require "certstat.home"
local record = require "certstat.record"
local row = require "certstat.command.doctor.row"
local words = require "certstat.words"

local M = {}

local MOST = 64 * 1048576 -- bytes of one that is checked whole here, which takes about a second

local function look(opened, path)
  local facts, message, info = opened:info()
  if not facts then return row("ledger", "failed", message, info.class) end
  local text = ("%s: schema %d, %s bytes, %s, %s"):format(path, facts.schema, words.number(facts.bytes),
    words.count(facts.runs, "run"), words.count(facts.answers, "answer"))
  if facts.bytes > MOST then return row("ledger", "ok", text .. "; not checked, certstat ledger check does that") end
  local faults
  faults, message, info = opened:check()
  if not faults then return row("ledger", "failed", message, info.class) end
  if faults ~= "" then
    return row("ledger", "failed", text .. "; " .. faults:gsub("\n$", ""):gsub("\n", "; "))
  end
  return row("ledger", "ok", text .. ", whole")
end

--- row(options) → a row. options: home (given, may be nil), getenv.
function M.row(options)
  local path = (home.find(options.home, options.getenv) or "") .. "/ledger.db"
  local opened, message, info = record.open(options)
  if not opened then
    local missing = info.code == "LedgerMissing" or info.code == "LedgerAbsent" or info.code == "NoHome"
    return row("ledger", missing and "skipped" or "failed", message, not missing and info.class or nil)
  end
  local found = look(opened, path)
  opened:close()
  return found
end

return M
