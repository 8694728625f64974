--- certstat plan - what asking about so many serials costs, or about those of some sources, before any is asked about.
local exit_codes = require "certstat.command.exit_codes"
local forecast = require "certstat.command.forecast"
local input = require "certstat.command.input"
local options = require "certstat.command.options"
local service = require "certstat.command.service"

local plan = {}

function plan.configure(command)
  command:description([[
How many calls so many serials take, how long, which share of the quota. Nobody is asked,
but for the size of each list of the service that is named: one call.]])
  command:summary("What asking about so many serials costs; asks nobody.")
  command:epilog(input.HELP .. [[


The serials of sources are packed into calls as an audit packs them. Those that come
again while they are among the last 65,536 count once, as in an audit without a ledger;
with a ledger an audit knows older ones too, so that what is told is the most. Of a list
only the size is known, and of its serials and those of --serials, that a URL holds 174
of the longest. The exit code is 2 where something is invalid, as an audit's would be.

Freshness is how old answers get where a gate has the whole quota and asks about all
these serials again and again: a revocation is seen that much later at worst.

Example:
   certstat plan --serials 1000000 --batch 100
   certstat plan --from list --from log:serial:access.log]])
  local serials = command:option("--serials", "How many."):argname("N"):convert(options.whole("--serials", 1, 1e12))
  local from = options.from(command, "Those of a source, see below.")
  command:group("Input", serials, from)
  command:mutex(serials, from)
  options.service(command)
end

function plan.run(arguments, environment)
  if arguments.serials then
    return forecast.serials(arguments.serials, arguments, environment)
  elseif not arguments.from[1] then
    environment.say("expected --serials N or --from SOURCE (see certstat plan --help)")
    return exit_codes.usage
  elseif #input.divided(arguments.from) == 0 then
    return forecast.run(arguments, environment)
  end
  local client, code = service.open(arguments, environment)
  if not client then
    return code
  end
  code = forecast.run(arguments, environment, client)
  client:close()
  return code
end

return plan
