--- The shared quota: what is left of it, and who shares it.
local row = require "certstat.command.doctor.row"
local words = require "certstat.words"

local M = {}

local TRIES = 100 -- for the lock, which others have for microseconds

local function look(state, calls)
  local view, message, info
  for _ = 1, TRIES do
    view, message, info = state:look(calls.host.now_ns())
    if type(view) ~= "number" then break end
    calls:pause(view)
  end
  if type(view) == "number" then return nil, "its lock is taken again and again", { class = "limit" } end
  return view, message, info
end

--- row(state, calls, account, warning) → a row. state: of a certstat.quota, before the doctor's own calls; warning: why
-- it is shared with nobody, or nil.
function M.row(state, calls, account, warning)
  local view, message, info = look(state, calls)
  if not view then return row("quota", "failed", message, info.class) end
  local text = ("account %s: %d of %s left, guard %.0f ms"):format(account, view.free, words.count(view.rate, "permit"),
    view.guard_ns / 1e6)
  local status = "ok"
  if view.paused_ns > 0 then
    text, status = ("%s, paused by a throttle for %s"):format(text, words.duration(view.paused_ns / 1e9)), "warning"
  end
  if warning then return row("quota", "warning", text .. "; " .. warning) end
  local holders = view.holders or ""
  local users = holders ~= "" and "used now by process " .. holders or "used by nobody else now"
  return row("quota", status, ("%s; %s"):format(text, users))
end

return M
