--- Which run goes on: the one that is named, or the last one of this kind where that did not come to its end.
local core = require "certstat.core"

local M = {}

local SHOWN = 200 -- bytes of settings in a message

local function refused(message)
  return nil, message, { class = "argument", code = "NotResumable" }
end

-- Calls body(run) for each of an account's runs of a command, the newest first, until it returns something: that.
local function newest(ledger, wanted, body)
  local before
  repeat
    local page, message, info = ledger:runs(before)
    if not page then return nil, "ledger: " .. message, info end
    for _, run in ipairs(page) do
      before = run.run
      local found = run.account == wanted.account and run.command == wanted.command and body(run)
      if found then return found end
    end
  until #page == 0
end

-- The run of that number; or nil, message, info.
local function named(ledger, wanted)
  local run, message, info = newest(ledger, wanted, function(one) return one.run == wanted.run and one end)
  if message then return nil, message, info end
  if not run then
    return refused(("there is no run %d of %s in the account %s"):format(wanted.run, wanted.command, wanted.account))
  end
  if run.whole then return refused(("run %d is whole: nothing of it is left to be done"):format(run.run)) end
  return run
end

-- The last run with these settings, false where that is whole or there is none; else, where the last run of all was cut
-- short, that one. Or nil, message, info.
local function last(ledger, wanted)
  local others, whole
  local run, message, info = newest(ledger, wanted, function(one)
    if one.settings == wanted.settings then return one end
    whole = whole or one.whole
    others = others or not whole and one or nil
  end)
  if message then return nil, message, info end
  if run then return not run.whole and run end
  return others or false
end

--- find(ledger, wanted) → the run that goes on, a row of ledger:runs(); false: none, a new one begins; or nil, message,
-- info. wanted = {account =, command =, settings =, run = its number | nil, force = whatever its settings were}.
function M.find(ledger, wanted)
  local run, message, info = (wanted.run and named or last)(ledger, wanted)
  if not run then return run, message, info end
  if run.settings ~= wanted.settings and not wanted.force then
    return refused(("run %d was cut short with other settings, '%s', found '%s'; --force goes on with it nevertheless")
      :format(run.run, core.printable(run.settings, SHOWN), core.printable(wanted.settings, SHOWN)))
  end
  return run
end

return M
