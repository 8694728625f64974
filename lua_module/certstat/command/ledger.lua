--- certstat ledger - what the ledger has, whether it is whole, and how old runs leave it.
local exit_codes = require "certstat.command.exit_codes"
local options = require "certstat.command.options"
local times = require "certstat.times"
local words = require "certstat.words"

local ledger = {}

function ledger.configure(command)
  command:description("The record of what was asked and answered, in the home's ledger.db.")
  command:summary("The record of what was asked and answered.")
  command:epilog([[
   info      what is in it
   check     whether it is whole
   compact   takes out what was asked and answered in old runs; what is the latest
             answer for each serial, and what has changed, stays

Examples:
   certstat ledger info
   certstat ledger compact --keep 30]])
  command:argument("action", "info, check or compact."):choices({ "info", "check", "compact" }):argname("ACTION")
  command:option("--keep", "How many runs compact leaves."):argname("N"):convert(options.whole("--keep", 0, 1e9))
  command:option("--home", "The folder that has the ledger (~/.local/state/certstat)."):argname("DIR")
end

local function outcome(run)
  if not run.ended then
    return "not ended"
  end
  return run.whole and "whole" or "cut short"
end

local actions = {}

function actions.info(opened, _, environment)
  local facts, message, info = opened:info()
  if not facts then
    return nil, message, info
  end
  local runs
  runs, message, info = opened:runs()
  if not runs then
    return nil, message, info
  end
  environment.stdout:write(("schema %d, %s bytes\n"):format(facts.schema, words.number(facts.bytes)))
  for _, name in ipairs({ "runs", "asked", "answers", "latest", "changes" }) do
    environment.stdout:write(("%-8s %s\n"):format(name, words.number(facts[name])))
  end
  for _, run in ipairs(runs) do
    environment.stdout:write(("run %d: %s, account %s, %s, %s\n"):format(run.run, run.command, run.account,
      times.iso(run.started), outcome(run)))
  end
  return exit_codes.ok
end

function actions.check(opened, _, environment)
  local faults, message, info = opened:check()
  if not faults then
    return nil, message, info
  end
  environment.stdout:write(faults == "" and "the ledger is whole\n" or faults)
  return faults == "" and exit_codes.ok or exit_codes.failed
end

function actions.compact(opened, arguments, environment)
  local dropped, message, info = opened:compact(arguments.keep)
  if not dropped then
    return nil, message, info
  end
  environment.stdout:write(words.count(dropped, "run") .. " taken out\n")
  return exit_codes.ok
end

function ledger.run(arguments, environment)
  if (arguments.action == "compact") ~= (arguments.keep ~= nil) then
    environment.say("--keep N belongs to compact, and compact needs it (see certstat ledger --help)")
    return exit_codes.usage
  end
  local opened, message, info = environment.ledger({ home = arguments.home, getenv = environment.getenv })
  if not opened then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  local code
  code, message, info = actions[arguments.action](opened, arguments, environment)
  opened:close()
  if not code then
    environment.say("ledger: " .. message)
    return exit_codes.of_failure(info)
  end
  return code
end

return ledger
