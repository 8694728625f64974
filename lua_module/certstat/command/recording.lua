--- recording.lua - the record that a command keeps of what it asks.
local exit_codes = require "certstat.command.exit_codes"

local recording = {}

--- Begins the record of this run of the command `name`, which depends on `sources` and on the service that `client`
-- asks, in its account; or takes up the one that arguments.resume names.
-- how (may be nil): required = without a record there is no run; copied = its source comes in another order another
-- time. Returns it (see certstat.record); or says why not, and returns nil and the exit code.
function recording.open(name, sources, client, arguments, environment, how)
  local record, message, info = environment.record({
    command = name,
    settings = ("endpoint=%s from=%s"):format(client.endpoint, table.concat(sources, " from=")),
    home = arguments.home,
    account = client.account,
    getenv = environment.getenv,
    required = how and how.required,
    copied = how and how.copied,
    resume = arguments.resume and (arguments.resume[1] or true),
    force = arguments.force,
  })
  if message then
    environment.say(message)
  end
  if not record then
    return nil, exit_codes.of_failure(info)
  end
  return record
end

return recording
