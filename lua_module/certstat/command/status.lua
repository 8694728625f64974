--- certstat status - what the service says of these serials, a row each, in the order given.
local columns = require "certstat.report.columns"
local exit_codes = require "certstat.command.exit_codes"
local formats = require("certstat.report").formats
local input = require "certstat.command.input"
local interrupt = require "certstat.command.interrupt"
local options = require "certstat.command.options"
local output = require "certstat.command.output"
local recording = require "certstat.command.recording"
local service = require "certstat.command.service"
local summary = require "certstat.command.summary"
local tally = require "certstat.command.tally"

local status = {}

function status.configure(command)
  command:description("The status of certificates, by their serial numbers: a row each, in the order given.")
  command:summary("The status of some certificates, by their serial numbers.")
  command:epilog([[
Every form in which programs print a serial is understood (see certstat serial). Digits
alone are hexadecimal; dec: before them makes them decimal.

Example:
   certstat status --region cn-hangzhou 08:4B:DE:9C:D2:33:F0:DD b67e53ebcea9b77d
   openssl x509 -in client.pem -noout -serial | certstat status -]])
  local serials = command:argument("serial", "Serial numbers; - reads the standard input, one a line.")
    :args("*"):argname("SERIAL")
  local file = command:option("--file", "A file or folder of serials or certificates, as certstat audit takes it.")
    :argname("F")
  command:group("Input", serials, file)
  command:mutex(serials, file)
  options.shown(command, formats, columns.status,
    command:flag("--record", "Write what is answered into the ledger, as an audit does."))
  options.service(command)
end

-- Every item of `iterator`, or nil and a message.
local function read_all(iterator)
  local items = {}
  while true do
    local item, message = iterator()
    if not item then
      return not message and items or nil, message
    end
    items[#items + 1] = item
  end
end

-- The items of the command line, the file or the standard input; nil and a message where there are none.
local function items_of(arguments, environment)
  local name = arguments.file
  if #arguments.serial == 1 and arguments.serial[1] == "-" then
    name = "-"
  end
  if name then
    local iterator, message = input.open(name, environment.stdin)
    if not iterator then
      return nil, message
    end
    return read_all(iterator)
  end
  local items = {}
  for i, serial in ipairs(arguments.serial) do
    items[i] = { serial = serial }
  end
  if #items == 0 then
    return nil, "no serial number given (see certstat status --help)"
  end
  return items
end

-- Asks about the items that are to be asked about; closes the client. Signals come between rows, and while a call is
-- waited for. Returns a row for each, in order, an error where there is no answer by then; and nil, or a message where
-- it was interrupted.
local function ask(client, items, record, environment)
  local asked, answers = {}, {}
  for _, item in ipairs(items) do
    record:asked(item)
    if not item.row then
      asked[#asked + 1] = item
    end
  end
  local rows = client:audit(asked, {
    lane = "interactive", on_answers = record.on_answers, now = environment.wall_seconds,
  })
  local _, stopped = interrupt.guard(environment.hold_signals, function(gap)
    environment.on_wait = gap
    local row
    repeat
      gap()
      row = rows()
      answers[#answers + 1] = row
    until not row
  end)
  client:close()
  for row in rows do
    answers[#answers + 1] = row
  end
  return answers, stopped
end

-- Where all rows are errors, the message of the first one.
local function failure_of(rows)
  for _, row in ipairs(rows) do
    if row.status ~= "error" then
      return nil
    end
  end
  return rows[1] and rows[1].message
end

-- A row for each item, in their order: one of `rows`, or the item's own. And their tally.
local function merged(items, rows)
  local all, counts, answered = {}, tally.new(), 0
  for i, item in ipairs(items) do
    if not item.row then
      answered = answered + 1
    end
    all[i] = item.row or rows[answered]
    counts:add(all[i])
  end
  return all, counts
end

-- Returns true; or nil and why the rows were not written.
local function write(arguments, environment, rows, facts)
  local report = output.open(arguments, environment, columns.status)
  for _, row in ipairs(rows) do
    report:row(row)
  end
  return report:close(facts)
end

-- What was asked for by name must be there; without --record nothing is kept.
local function begin_record(client, arguments, environment)
  if arguments.record then
    return recording.open("status", { arguments.file or "arguments" }, client, arguments, environment,
      { required = true })
  end
  return require("certstat.record").none()
end

function status.run(arguments, environment)
  local items, message = items_of(arguments, environment)
  if not items then
    environment.say(message)
    return exit_codes.usage
  end
  local client, asked = service.open(arguments, environment)
  if not client then
    return asked
  end
  environment.hold_signals(true) -- what has begun has an end: in the record, too
  local record, unrecorded = begin_record(client, arguments, environment)
  if not record then
    client:close()
    return unrecorded
  end
  local started = environment.now_ns()
  local answers, stopped = ask(client, items, record, environment)
  local seconds = (environment.now_ns() - started) / 1e9
  local unanswered = failure_of(answers)
  local failure = stopped or unanswered
  local recorded, unkept = record:finish(not failure)
  if not recorded then
    environment.say(unkept)
  end
  if failure then
    environment.say(failure)
  end

  local rows, counts = merged(items, answers)
  if unanswered and (arguments.format or "table") == "table" then
    return counts:exit_code() -- the line above says it all to a person; programs get their rows
  end
  local facts = service.facts(arguments, environment, client, counts, seconds, not stopped)
  local written, unwritten = write(arguments, environment, rows, facts)
  if counts.rows > 1 and not arguments.quiet then
    environment.stderr:write(summary.rows("serial", counts, tally.statuses),
      summary.calls(facts.counters, asked, seconds))
  end
  if not written then
    environment.say(unwritten)
  end
  return counts:exit_code((stopped or not (written and recorded)) and {} or nil)
end

return status
