--- certstat doctor - whether everything that a question to the service needs is in order, a line for each thing.
local exit_codes = require "certstat.command.exit_codes"
local options = require "certstat.command.options"
local report = require "certstat.report"
local shown = require "certstat.report.shown"

local doctor = {}

local COLUMNS = {}
for i, name in ipairs({ "check", "status", "message", "class", "policy" }) do
  COLUMNS[i] = { name = name }
end
local FORMATS = { "text", "csv", "tsv", "ndjson", "json" }

function doctor.configure(command)
  command:description("Whether everything that a question to the service needs is in order, a line for each thing: "
    .. "credentials, the way to the service, its clock, signature, permission, quota, ledger.")
  command:summary("What is in order and what is not: credentials, network, clock, permission, quota, ledger.")
  command:epilog([[
A line is ok, warning, failed, or skipped where it depends on what failed. It spends two
calls of the account's quota, three where the clock is far off, and says how many.
The exit code is 5 where credentials or permission failed, else 3 where anything else
did, else 0.

Examples:
   certstat doctor --region cn-hangzhou
   certstat doctor --region cn-hangzhou --probe]])
  command:group("Report",
    command:option("--format", ("How lines are written: %s (text)."):format(table.concat(FORMATS, ", ")))
      :choices(FORMATS):argname("FORMAT"),
    command:flag("--probe", "Ask the service, with 20 calls at most in all, what its documentation leaves open, and "
      .. "say what to set; --batch is the most that it tries (1000)."))
  options.service(command)
end

-- Lines for people, and at the end what is to be pasted.
local function open_text(write)
  local policies = {}
  return {
    row = function(row)
      write(("%-11s %-8s %s\n"):format(row.check, row.status, shown(row.message)))
      policies[#policies + 1] = row.policy
    end,
    finish = function()
      for _, policy in ipairs(policies) do
        write("\nThe RAM policy that permits it, and nothing else:\n\n" .. policy .. "\n")
      end
    end,
  }
end

local function open_report(format, write)
  if format == "text" then
    return open_text(write)
  end
  return report.open(format, write, { columns = COLUMNS })
end

-- What failed says which exit code it is.
local function code_of(failures)
  if failures.denied then
    return exit_codes.denied
  end
  return failures.any and exit_codes.failed or exit_codes.ok
end

function doctor.run(arguments, environment)
  local out = open_report(arguments.format or "text", function(text)
    environment.stdout:write(text)
  end)
  local failures = {}
  local spent, message, info = environment.examine({
    endpoint = arguments.endpoint, region = arguments.region, network = arguments.network,
    allow_http = arguments.allow_http, profile = arguments.profile, ca_file = arguments.ca_file,
    home = arguments.home, account = arguments.account, qps = arguments.qps,
    guard = arguments.guard and arguments.guard / 1000, timeout = arguments.timeout, probe = arguments.probe,
    batch = arguments.batch, getenv = environment.getenv,
    on_wait = function() end,
  }, function(row)
    if row.status == "failed" then
      failures.any = true
      failures.denied = failures.denied or row.class == "denied"
    end
    out.row(row)
    environment.stdout:flush()
  end)
  if not spent then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  out.finish()
  return code_of(failures)
end

return doctor
