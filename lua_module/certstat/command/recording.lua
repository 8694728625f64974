--- recording.lua - the record that a command keeps of what it asks.
local exit_codes = require "certstat.command.exit_codes"

local recording = {}

--- Begins the record of this run of the command `name`, which depends on `source` and on where the service is, in the
-- account of `client`. required: without a record there is no run. Returns it (see certstat.record); or says why not,
-- and returns nil and the exit code.
function recording.open(name, source, client, arguments, environment, required)
  local record, message, info = environment.record({
    command = name,
    settings = ("from=%s endpoint=%s region=%s"):format(source, arguments.endpoint or "", arguments.region or ""),
    home = arguments.home,
    account = client.account,
    getenv = environment.getenv,
    required = required,
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
