--- certstat changes - what has changed from one audit to another; nobody is asked.
local changes = require "certstat.changes"
local columns = require "certstat.report.columns"
local exit_codes = require "certstat.command.exit_codes"
local formats = require("certstat.report").tables
local home = require "certstat.home"
local interrupt = require "certstat.command.interrupt"
local options = require "certstat.command.options"
local output = require "certstat.command.output"
local summary = require "certstat.command.summary"
local times = require "certstat.times"

local command_changes = {}

function command_changes.configure(command)
  command:description("What has changed from one audit to another, by the ledger; nobody is asked.")
  command:summary("What has changed since an earlier audit.")
  command:epilog([[
A row for each serial number whose answers differ, CHANGE is one of:
   unrevoked   it was revoked, and is said to be something else: that should never be
   revoked     it is revoked now
   vanished    it is not among what was asked for any more
   new         it was not asked for before
   known       it was unknown or absent, or had no answer, and is good
   other       any other change, to an error for one
An error is no answer: what was answered before it is what an answer is compared with.

Exit codes: 0 nothing has changed, 1 one is revoked or unrevoked, 2 only others,
3 cut short, 4 there are no two audits to compare.

Example:
   certstat changes --since 2026-01-02 --format csv]])
  command:option("--since", "The earlier audit: its run, or a time by which it had ended (the one before the last).")
    :argname("RUN|TIME")
  command:option("--home", "The folder that has the ledger (~/.local/state/certstat)."):argname("DIR")
  command:option("--account", "Whose audits: any name (that of the last one)."):argname("NAME")
  options.shown(command, formats, columns.change)
end

-- Writes a row for each change, and counts each kind in counts. Returns nil, or a message of what cut it short.
local function transfer(environment, differences, report, counts)
  local failure
  local whole, stopped = interrupt.guard(environment.hold_signals, function(gap)
    while not report.failure do
      gap()
      local one, message = differences()
      if not one then
        failure = message
        return
      end
      counts[one.kind] = (counts[one.kind] or 0) + 1
      report:row({ change = one.kind, serial = one.key, before = one.before, after = one.after,
        revoked_at = one.revoked_at })
    end
  end)
  return not whole and stopped or failure
end

local function exit_code(counts)
  if counts.revoked or counts.unrevoked then
    return exit_codes.revoked
  end
  return next(counts) and exit_codes.unclear or exit_codes.ok
end

local function tell(counts, earlier, later, environment)
  environment.stderr:write(("run %d of %s against run %d of %s: "):format(later.run, times.iso(later.started),
    earlier.run, times.iso(earlier.started)), summary.rows("change", counts, changes.kinds))
end

-- Compares in an open ledger; returns the exit code, or nil, message, info.
local function compare(ledger, arguments, environment)
  local account, message, info = home.account(arguments.account, environment.getenv, changes.account(ledger))
  if not account then
    return nil, message, info
  end
  local earlier, later
  earlier, later, info = changes.runs(ledger, account, arguments.since)
  if not earlier then
    return nil, later, info
  end
  local report, counts = output.open(arguments, environment, columns.change), {}
  local failure = transfer(environment, changes.between(ledger, earlier, later), report, counts)
  local written, unwritable = report:close { whole = not failure }
  if not arguments.quiet then
    tell(counts, earlier, later, environment)
  end
  if failure or not written then
    environment.say(failure or unwritable)
    return exit_codes.failed
  end
  return exit_code(counts)
end

function command_changes.run(arguments, environment)
  local ledger, message, info = environment.ledger({ home = arguments.home, getenv = environment.getenv })
  local code
  if ledger then
    code, message, info = compare(ledger, arguments, environment)
    ledger:close()
  end
  if not code then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  return code
end

return command_changes
