--- service.lua - the client that a command asks with.
local exit_codes = require "certstat.command.exit_codes"
local words = require "certstat.command.words"

local service = {}

--- One line about an answer that certstat.client tells on_call of.
function service.call_line(call)
  local parts = { call.operation }
  if call.serials and call.serials > 0 then
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

--- Opens the client that the command line asks for; or says why not, and returns nil and the exit code.
function service.open(arguments, environment)
  local client, message, info = environment.client({
    endpoint = arguments.endpoint,
    region = arguments.region,
    profile = arguments.profile,
    ca_file = arguments.ca_file,
    allow_http = arguments.allow_http,
    timeout = arguments.timeout,
    qps = arguments.qps,
    guard = arguments.guard and arguments.guard / 1000,
    batch = arguments.batch,
    getenv = environment.getenv,
    on_call = arguments.verbose and function(call)
      environment.say(service.call_line(call))
    end or nil,
  })
  if not client then
    environment.say(message)
    return nil, exit_codes.of_failure(info)
  end
  return client
end

return service
