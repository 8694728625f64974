--- What has changed from one audit to another, by the ledger.
local paged = require "certstat.paged"
local times = require "certstat.times"

local M = {}

--- What a change can be, in the order of its weight.
M.kinds = { "unrevoked", "revoked", "vanished", "new", "known", "other" }

local WAS_NOT_KNOWN = { unknown = true, absent = true, error = true }

--- kind(before, after) → one of the kinds. before, after: two statuses, nil where it was not asked for.
--   unrevoked   it was revoked, and is said to be something else: that should never be
--   revoked     it is revoked, and was not
--   vanished    it was asked for, and is no more
--   new         it was not asked for before
--   known       it was unknown or absent, or had no answer, and is good
--   other       any other change, to an error for one
function M.kind(before, after)
  if not before then return "new" end
  if not after then return "vanished" end
  if before == "revoked" and after ~= "error" then return "unrevoked" end
  if after == "revoked" then return "revoked" end
  return WAS_NOT_KNOWN[before] and after == "good" and "known" or "other"
end

local function refused(message)
  return nil, message, { class = "argument", code = "NoSuchRun" }
end

-- The newest run of an account (nil: of any) before run `before` (nil: of all) for which test(run) is true; nil where
-- there is none, or nil, message, info.
local function find(ledger, account, before, test)
  repeat
    local page, message, info = ledger:runs(before)
    if not page then return nil, "ledger: " .. message, info end
    for _, run in ipairs(page) do
      before = run.run
      if (not account or run.account == account) and test(run) then return run end
    end
  until #page == 0
end

-- The newest whole audit of an account for which test(run) is true; as find.
local function newest(ledger, account, test)
  return find(ledger, account, nil, function(run) return run.whole and run.command == "audit" and test(run) end)
end

-- Which run `since` means: a run's number, or the last audit that had ended by a time.
local function earlier_of(ledger, account, since, later)
  local number = since:find("^%d+$") and tonumber(since)
  local seconds = not number and times.read(since)
  if not number and not seconds then
    return refused(("expected a run's number or a time as 2026-01-02T03:04:05Z, found '%s'"):format(since))
  end
  local run, message, info = newest(ledger, account, function(one)
    if number then return one.run == number end
    return one.settings == later.settings and one.ended <= seconds
  end)
  if run or message then return run, message, info end
  if number then return refused(("there is no whole audit with number %s in the account %s"):format(since, account)) end
  return refused(("no whole audit of the same sources had ended by %s"):format(since))
end

--- account(ledger) → that of the last whole audit; nil where there is none.
function M.account(ledger)
  local run = newest(ledger, nil, function() return true end)
  return run and run.account
end

--- runs(ledger, account, since) → the earlier and the later run that are compared, rows of ledger:runs(); or nil,
-- message, info. The later one is the last whole audit; the earlier one the whole audit of the same settings before it,
-- or what `since` says: a run's number, or a time (see certstat.times.read): the last one that had ended by then.
-- Where a run is named, the later one is the last of its settings.
function M.runs(ledger, account, since)
  local later, message, info = newest(ledger, account, function() return true end)
  if message then return nil, message, info end
  if not later then return refused("there is no whole audit in the account " .. account) end
  local earlier
  if since then
    earlier, message, info = earlier_of(ledger, account, since, later)
    if not earlier then return nil, message, info end
    later, message, info = newest(ledger, account, function(run) return run.settings == earlier.settings end)
  else
    earlier, message, info = newest(ledger, account, function(run)
      return run.settings == later.settings and run.run < later.run
    end)
  end
  if message then return nil, message, info end
  if not earlier then
    return refused(("there is no whole audit before run %d, of the same sources"):format(later.run))
  elseif earlier.run >= later.run then
    return refused(("there is no whole audit after run %d, of the same sources"):format(earlier.run))
  end
  return earlier, later
end

-- The numbers of the runs of an account before `run`, the newest first; or nil, message, info.
local function numbers_before(ledger, run)
  local numbers = {}
  local _, message, info = find(ledger, run.account, run.run, function(one)
    numbers[#numbers + 1] = one.run
    return false
  end)
  if message then return nil, message, info end
  return numbers
end

-- The last status that a key had in these runs; "error" where it never had an answer; or nil, message, info.
local function last_answer(ledger, numbers, key)
  for _, number in ipairs(numbers) do
    local answer, message, info = ledger:answer(number, key)
    if message then return nil, "ledger: " .. message, info end
    if answer and answer.status ~= "error" then return answer.status end
  end
  return "error"
end

-- An iterator of the pages' rows: what ledger:compare gives, key by key.
local function differences(ledger, earlier, later)
  return paged(function(last)
    local page, message, info = ledger:compare(earlier.run, later.run, last and last.key or "")
    if not page then return nil, "ledger: " .. message, info end
    return page
  end)
end

--- between(ledger, earlier, later) → an iterator of what differs between two runs (as M.runs gives them), in the order
-- of the keys: {key =, before =, after =, revoked_at =, kind =}. Or nil, message, info.
-- An error is no answer: where the earlier run has one, what the runs before it were answered counts, so that nothing
-- is missed that changes behind an error.
function M.between(ledger, earlier, later)
  local next_difference, numbers = differences(ledger, earlier, later), nil
  return function()
    while true do
      local one, message, info = next_difference()
      if not one then return nil, message, info end
      if one.before == "error" then
        if not numbers then
          numbers, message, info = numbers_before(ledger, earlier)
          if not numbers then return nil, message, info end
        end
        one.before, message, info = last_answer(ledger, numbers, one.key)
        if not one.before then return nil, message, info end
      end
      if one.before ~= one.after then
        one.kind = M.kind(one.before, one.after)
        return one
      end
    end
  end
end

return M
