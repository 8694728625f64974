--- certstat list - the certificates that the service lists, a row each, with its own words for their state.
local core = require "certstat.core"
local columns = require "certstat.report.columns"
local exit_codes = require "certstat.command.exit_codes"
local formats = require("certstat.report").tables
local interrupt = require "certstat.command.interrupt"
local options = require "certstat.command.options"
local output = require "certstat.command.output"
local service = require "certstat.command.service"
local summary = require "certstat.command.summary"

local list = {}

function list.configure(command)
  command:description("The client and server certificates that the service lists, a row each.")
  command:summary("The certificates that the service lists.")
  command:epilog([[
STATUS is the list's own word, ISSUE or REVOKE; certstat audit asks for the status of
each one. The exit code is 0 where the list is whole, whatever is in it.

Example:
   certstat list --region cn-hangzhou --format tsv | cut -f1]])
  options.shown(command, formats, columns.certificate)
  options.service(command)
end

-- Moves every certificate to the report and counts them by status in counts, whose array has the statuses in
-- the order met. Returns nil, or {message, info} of what cut the list short.
local function transfer(environment, certificates, report, counts)
  local failure
  local whole, stopped = interrupt.guard(environment.hold_signals, function(gap)
    environment.on_wait = gap
    while not report.failure do
      gap()
      local certificate, message, info = certificates()
      if not certificate then
        failure = message and { message, info }
        return
      end
      local status = core.printable(certificate.status or "without a status", 40)
      if not counts[status] then
        counts[#counts + 1] = status
      end
      counts[status] = (counts[status] or 0) + 1
      report:row(certificate)
    end
  end)
  return not whole and { stopped } or failure
end

function list.run(arguments, environment)
  local client, asked = service.open(arguments, environment)
  if not client then
    return asked
  end
  local report = output.open(arguments, environment, columns.certificate)
  local counts, started = {}, environment.now_ns()
  local failure = transfer(environment, client:certificates(), report, counts)
  local seconds = (environment.now_ns() - started) / 1e9
  local written, unwritable = report:close({ whole = not failure })
  if not written and not failure then
    failure = { unwritable }
  end
  if not arguments.quiet and not (failure and #counts == 0) then
    environment.stderr:write(summary.rows("certificate", counts, counts),
      summary.calls(client:counters(), asked, seconds))
  end
  client:close()
  if failure then
    environment.say(failure[1])
    return #counts == 0 and exit_codes.of_failure(failure[2]) or exit_codes.failed
  end
  return exit_codes.ok
end

return list
