--- certstat plan - what asking about so many serials costs, by arithmetic alone.
local exit_codes = require "certstat.command.exit_codes"
local options = require "certstat.command.options"
local words = require "certstat.words"

local plan = {}

function plan.configure(command)
  command:description("How many calls so many serials take, how long, which share of the quota. Asks nobody.")
  command:summary("What asking about so many serials costs; asks nobody.")
  command:epilog([[
Freshness is how old answers get where a gate has the whole quota and asks about all
these serials again and again: a revocation is seen that much later at worst.

Example:
   certstat plan --serials 1000000 --batch 100]])
  command:option("--serials", "How many."):argname("N"):count(1):convert(options.whole("--serials", 1, 1e12))
  options.batch(command)
  options.qps(command)
  options.guard(command)
end

--- The plan for `serials` at `batch` a call, where at most `qps` calls may start in any 1 + guard seconds:
-- {calls, seconds = from the first call's start to the last one's, rate = calls a second in the long run,
-- cycle = seconds to ask about all of them once, again and again}.
function plan.of(serials, batch, qps, guard)
  local calls = math.ceil(serials / batch)
  local window = 1 + guard
  return {
    calls = calls,
    seconds = math.floor((calls - 1) / qps) * window,
    rate = qps / window,
    cycle = calls * window / qps,
  }
end

function plan.run(arguments, environment)
  local batch, qps, guard = arguments.batch or 50, arguments.qps or 10, (arguments.guard or 100) / 1000
  local result = plan.of(arguments.serials, batch, qps, guard)
  local rows = {
    { "serials", words.number(arguments.serials) },
    { "calls", ("%s, of %s at most"):format(words.number(result.calls), words.count(batch, "serial")) },
    { "time", ("%s, at %.3g calls a second (%d in any second, and %.0f ms of guard)"):format(
      words.duration(result.seconds), result.rate, qps, guard * 1000) },
    { "quota", ("%s of the account's while it runs, %s of a day's"):format(
      words.percent(math.min(result.rate, result.calls) / qps),
      words.percent(result.calls / (qps * 86400))) },
    { "freshness", ("%s at best, for a gate that has the whole quota"):format(words.duration(result.cycle)) },
  }
  for _, row in ipairs(rows) do
    environment.stdout:write(("%-9s  %s\n"):format(row[1], row[2]))
  end
  return exit_codes.ok
end

return plan
