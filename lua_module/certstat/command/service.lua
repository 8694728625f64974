--- service.lua - the client that a command asks with.
local exit_codes = require "certstat.command.exit_codes"
local words = require "certstat.words"

local service = {}

--- One line about an answer that certstat.client tells on_call of.
function service.call_line(call)
  local parts = { call.operation }
  if call.serials > 0 then
    parts[#parts + 1] = words.count(call.serials, "serial")
  end
  if call.attempt and call.attempt > 1 then
    parts[#parts + 1] = ("attempt %d"):format(call.attempt)
  end
  parts[#parts + 1] = call.http_status and ("HTTP %d"):format(call.http_status) or "no reply"
  parts[#parts + 1] = call.code
  if (call.sent_ns or 0) > 0 and (call.done_ns or 0) > 0 then
    parts[#parts + 1] = ("%.0f ms"):format((call.done_ns - call.sent_ns) / 1e6)
  end
  return table.concat(parts, ", ")
end

--- One line about a machine's clock that is so far off that the service's Date is followed instead; offset: the seconds
-- that the service is ahead.
function service.clock_line(offset)
  return ("this machine's clock is %s %s the service's; its calls are dated by the service's"):format(
    words.duration(math.abs(offset)), offset > 0 and "behind" or "ahead of")
end

--- Opens the client that the command line asks for. Returns it and {calls =, serials =}, which count the calls that ask
-- about serials, so far; or says why not, and returns nil and the exit code.
function service.open(arguments, environment)
  local asked = { calls = 0, serials = 0 }
  local client, message, info = environment.client({
    endpoint = arguments.endpoint,
    region = arguments.region,
    network = arguments.network,
    profile = arguments.profile,
    ca_file = arguments.ca_file,
    allow_http = arguments.allow_http,
    timeout = arguments.timeout,
    home = arguments.home,
    account = arguments.account,
    qps = arguments.qps,
    guard = arguments.guard and arguments.guard / 1000,
    batch = arguments.batch,
    getenv = environment.getenv,
    on_wait = function()
      if environment.on_wait then
        environment.on_wait()
      end
    end,
    on_call = function(call)
      if call.serials > 0 then
        asked.calls = asked.calls + 1
        asked.serials = asked.serials + call.serials
      end
      if arguments.verbose then
        environment.say(service.call_line(call))
      end
      if call.clock_offset then
        environment.say(service.clock_line(call.clock_offset))
      end
    end,
  })
  if not client then
    environment.say(message)
    return nil, exit_codes.of_failure(info)
  end
  local ready
  ready, message, info = client:ready()
  for _, line in ipairs(client.warnings) do
    environment.say(line)
  end
  if not ready then
    client:close()
    environment.say(message)
    return nil, exit_codes.of_failure(info)
  end
  return client, asked
end

--- What a report tells of a run besides its rows, see report.open. counts: a tally; seconds: how long the run took;
-- whole: it was not cut short.
function service.facts(arguments, environment, client, counts, seconds, whole)
  return {
    whole = whole, seconds = seconds, ended = environment.wall_seconds(), counts = counts,
    counters = client:counters(), qps = arguments.qps or 10,
  }
end

return service
