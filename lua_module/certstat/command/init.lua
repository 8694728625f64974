--- command - the program `certstat`: reads the command line, runs a sub-command, and gives the exit code.
--
-- A sub-command is a module with
--   configure(command)              what the argparse command `command` takes and how its help reads
--   run(arguments, environment)     → exit code; it writes to environment.stdout and environment.stderr
-- The environment is all that a sub-command may touch besides the files it is given, so that specs can run
-- one whole:
--   stdin, stdout, stderr           with read(n), write(text), flush()
--   getenv(name), isatty(fd)        as the system's
--   now_ns()                        nanoseconds that never step back
--   wall_seconds()                  seconds since 1970, UTC
--   hold_signals(yes)               whether SIGINT, SIGTERM and SIGHUP wait
--   state_asked()                   whether SIGUSR1 has come since the last call
--   on_wait()                       set by a sub-command: called at least once a second while a call is waited for
--   client(options)                 as certstat.client
--   credentials(options)            as certstat.credentials.find
--   endpoint(options, getenv, facts)  as certstat.endpoints.find
--   record(options)                 as certstat.record.begin
--   ledger(options)                 as certstat.record.open
--   examine(options, tell)          as certstat.command.doctor.examination.run
local argparse = require "argparse"
local exit_codes = require "certstat.command.exit_codes"
local interrupt = require "certstat.command.interrupt"
local shown = require "certstat.report.shown"

local command = {}

command.names = { "status", "audit", "list", "serial", "sign", "plan", "changes", "ledger", "doctor", "emulator" }

local EPILOG = [[
Exit codes:
   0   every certificate is good        4   the command line or the input can't be used
   1   one is revoked                   5   no credentials, or refused ones
   2   one is unknown, absent, conflict or invalid
   3   a row is an error, or the run was cut short

certstat COMMAND --help says more about a command.]]

-- help is shown, and a usage error told, by raising a table: argparse itself would print and exit
local function add_help(parser)
  parser:add_help {
    description = "Show this help and exit.",
    action = function()
      error({ shown = parser:get_help() })
    end,
  }
end

--- Returns the parser, and the sub-commands' modules by name.
function command.parser()
  local parser = argparse("certstat",
    "Which certificates of Alibaba Cloud's Private CA are good, revoked or unknown.")
  parser:help_max_width(90):usage_max_width(90):epilog(EPILOG):command_target("name")
  add_help(parser)
  parser:flag("--version", "Show the version and exit."):action(function()
    error({ shown = "certstat " .. require("certstat.version") })
  end)

  local modules, full_names = {}, { [parser] = "certstat" }
  for _, name in ipairs(command.names) do
    local subparser = parser:command(name)
    add_help(subparser)
    modules[name] = require("certstat.command." .. name)
    modules[name].configure(subparser)
    full_names[subparser] = "certstat " .. name
  end
  function parser.error(failing, message)
    message = message:gsub("\nDid you mean", "; did you mean")
    error({ usage = ("%s (see %s --help)"):format(message, full_names[failing]) })
  end
  return parser, modules
end

-- One line on stderr, whatever the message holds.
local function say(environment, message)
  environment.stderr:write("certstat: " .. shown(tostring(message)) .. "\n")
end

local function dispatch(argv, environment)
  local parser, modules = command.parser()
  local arguments = parser:parse(argv)
  environment.say = function(message)
    say(environment, message)
  end
  return modules[arguments.name].run(arguments, environment)
end

--- Runs the command line `argv` (an array of strings) in `environment` and returns the exit code. Raises
-- nothing.
function command.run(argv, environment)
  local fine, result = pcall(dispatch, argv, environment)
  if fine then
    return result
  elseif type(result) == "table" and result.shown then
    environment.stdout:write(result.shown .. "\n")
    return exit_codes.ok
  elseif type(result) == "table" and result.usage then
    say(environment, result.usage)
    return exit_codes.usage
  elseif interrupt.is(result) then
    say(environment, "interrupted")
    return exit_codes.failed
  end
  say(environment, "internal error: " .. tostring(result))
  return exit_codes.failed
end

--- The whole program: argv as Lua's global `arg`. Does not return.
function command.main(argv)
  local ipc = require "certstat.ipc"
  ipc.interrupt_signals()
  local environment = {
    stdin = io.stdin,
    stdout = io.stdout,
    stderr = io.stderr,
    getenv = os.getenv,
    isatty = ipc.isatty,
    now_ns = ipc.now_ns,
    wall_seconds = function()
      return math.floor(ipc.wall_ns() / 1e9)
    end,
    hold_signals = ipc.hold_signals,
    state_asked = ipc.state_asked,
    client = function(options)
      return require("certstat").client(options)
    end,
    credentials = function(options)
      return require("certstat.credentials").find(options)
    end,
    endpoint = function(options, getenv, facts)
      return require("certstat.endpoints").find(options, getenv, facts)
    end,
    record = function(options)
      return require("certstat.record").begin(options)
    end,
    ledger = function(options)
      return require("certstat.record").open(options)
    end,
    examine = function(options, tell)
      return require("certstat.command.doctor.examination").run(options, tell)
    end,
  }
  local code = command.run(argv, environment)
  local flushed, message = io.stdout:flush()
  if not flushed and code ~= exit_codes.failed then
    say(environment, "cannot write to the standard output: " .. tostring(message))
    code = exit_codes.failed
  end
  os.exit(code, true)
end

return command
