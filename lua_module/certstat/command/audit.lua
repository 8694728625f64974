--- certstat audit - the status of a whole list, streamed: the service's own, those of files, folders, access logs, or
-- all of them.
local columns = require "certstat.report.columns"
local compared = require "certstat.command.compared"
local exit_codes = require "certstat.command.exit_codes"
local forecast = require "certstat.command.forecast"
local formats = require("certstat.report").formats
local input = require "certstat.command.input"
local interrupt = require "certstat.command.interrupt"
local options = require "certstat.command.options"
local outputs = require "certstat.command.outputs"
local progress = require "certstat.command.progress"
local recording = require "certstat.command.recording"
local service = require "certstat.command.service"
local summary = require "certstat.command.summary"
local tally = require "certstat.command.tally"

local audit = {}

function audit.configure(command)
  command:description("The status of a whole list, streamed: a row each, in the list's order.")
  command:summary("The status of a whole list of certificates, streamed.")
  command:epilog(input.HELP .. [[


A summary follows on the standard error, and a progress line goes before it where that
is a terminal and the rows go elsewhere. A run that is cut short leaves F.part, not F.

Example:
   certstat audit --from serials.txt --format csv --output report.csv]])
  local dry_run = command:flag("--dry-run", "Tell what would be asked and what it costs (certstat plan), no more.")
  local resume = command:option("--resume", "Go on with RUN, or with the last run, where it was cut short or killed.")
    :argname("RUN"):args("?"):convert(options.whole("--resume", 1, 1e15))
  command:group("Input", options.from(command, "Where the serials come from, see below (list)."), dry_run)
  command:group("The ledger", resume, command:flag("--force", "Go on also where the settings have changed."))
  command:mutex(dry_run, resume)
  options.shown(command, formats, columns.status,
    command:option("--output", "Write the rows to F, which appears when it is whole."):argname("F"),
    command:option("--report", "Write a page (HTML) for people to F, besides the rows, likewise."):argname("F"))
  options.service(command)
end

-- What watches the run. Progress is drawn where a person looks and nothing else is written.
local function watch(arguments, environment, state)
  local rows_go_elsewhere = arguments.output or not environment.isatty(1)
  local draws = rows_go_elsewhere and environment.isatty(2) and not arguments.quiet and not arguments.verbose
  return progress.new {
    now_ns = environment.now_ns, asked = environment.state_asked, say = environment.say, state = state,
    write = draws and function(text)
      environment.stderr:write(text)
      environment.stderr:flush()
    end or nil,
  }
end

-- Moves every row from `rows` to the report, until that can't be written. Signals come between rows, and while a call
-- is waited for. Returns nil, or {message, info} of what else cut the run short.
local function transfer(environment, record, rows, report, counts, line)
  local failure
  local whole, stopped = interrupt.guard(environment.hold_signals, function(gap)
    function environment.on_wait()
      gap()
      line:tick()
    end
    while not report.failure do
      gap()
      local row, message, info = rows()
      if not row then
        failure = message and { message, info }
        return
      end
      row.run = record.run
      counts:add(row)
      report:row(row)
      line:tick()
    end
  end)
  return not whole and { stopped } or failure
end

-- Where the serials come from: an iterator of items, and a function that tells from how many have been read how many
-- there will be, nil where nobody knows; or nil and the exit code.
local function source_of(arguments, client, environment)
  local stdin = interrupt.reading(environment.hold_signals, environment.stdin)
  local items, share = input.open_all(arguments.from, stdin, client)
  if not items then
    environment.say(share)
    return nil, exit_codes.usage
  end
  return items, function(read)
    local part = read > 0 and share()
    return part and part > 0 and math.floor(read / part + 0.5) or nil
  end
end

-- A function that tells how far the run is, as certstat.command.progress takes it. read(): how many items have been
-- read; total(read): how many there will be.
local function state_of(record, client, counts, read, total)
  return function()
    local copied = record:copying()
    return { listed = copied, done = copied or counts.rows, total = record.items or total(copied or read()),
      counts = counts, counters = client:counters() }
  end
end

-- When each answer came is kept for the whole run, so only where it is shown.
local function clock_of(arguments, environment)
  return columns.has(arguments.columns or columns.status, "checked_at") and environment.wall_seconds or nil
end

-- What has changed since the audit before: as compared.with_earlier says it, with the line of why not in the place of
-- nothing.
local function changes_of(arguments, environment, client, record, whole)
  if not record.run or not whole then
    return { missing = record.run and "the run was cut short" or "there is no ledger" }
  end
  local ledger, message = environment.ledger({ home = arguments.home, getenv = environment.getenv })
  if not ledger then
    return { missing = message }
  end
  local found
  found, message = compared.with_earlier(ledger, client.account, record.run)
  ledger:close()
  return found or { missing = message }
end

-- Ends the rows, then the record, then the page, which says how the record differs from an earlier one. facts: of the
-- run. Returns nil, or {message} of what could not be written.
local function conclude(arguments, environment, client, record, report, facts)
  local failure
  local written, message = report:close(facts)
  if not written then
    failure = { message }
  end
  local recorded, unkept = record:finish(facts.whole and written)
  if not recorded then
    failure = failure or { unkept }
  end
  if report.page then
    facts.whole = facts.whole and not failure
    facts.asked = {
      from = table.concat(arguments.from, ", "), endpoint = client.endpoint, account = client.account, run = record.run,
    }
    facts.changes = changes_of(arguments, environment, client, record, facts.whole)
    written, message = report:close_page(facts)
    if not written then
      failure = failure or { message }
    end
  end
  return failure
end

function audit.run(arguments, environment)
  local client, asked = service.open(arguments, environment)
  if not client then
    return asked
  end
  arguments.from = arguments.from[1] and arguments.from or { "list" }
  if arguments.dry_run then
    local code = forecast.run(arguments, environment, client)
    client:close()
    return code
  end
  local items, total = source_of(arguments, client, environment)
  if not items then
    client:close()
    return total
  end
  local record, unrecorded = recording.open("audit", arguments.from, client, arguments, environment,
    { copied = #input.divided(arguments.from) > 0 })
  if not record then
    client:close()
    return unrecorded
  end
  local report, unwritable = outputs.open(arguments, environment)
  if not report then
    client:close()
    record:finish(false)
    environment.say(unwritable)
    return exit_codes.usage
  end

  local counts, started = tally.new(), environment.now_ns()
  local read, reading = 0, record:reading(items, function() environment.on_wait() end)
  local rows = client:audit(function()
    local item, message, info = reading()
    read = read + (item and 1 or 0)
    return item, message, info
  end, { on_answers = record.on_answers, recall = record.recall, now = clock_of(arguments, environment) })
  local line = watch(arguments, environment, state_of(record, client, counts, function() return read end, total))
  local failure = transfer(environment, record, rows, report, counts, line)
  line:clear()

  local seconds = (environment.now_ns() - started) / 1e9
  local facts = service.facts(arguments, environment, client, counts, seconds, not failure)
  local unfinished = conclude(arguments, environment, client, record, report, facts)
  failure = failure or unfinished
  if not arguments.quiet and not (failure and counts.rows == 0) then
    environment.stderr:write(summary.rows("serial", counts, tally.statuses),
      summary.calls(client:counters(), asked, seconds))
  end
  client:close()
  if failure then
    environment.say(failure[1])
  end
  return counts:exit_code(failure and (failure[2] or {}))
end

return audit
