--- options.lua - the options that several sub-commands share, and what they accept.
local columns = require "certstat.report.columns"

local options = {}

--- A converter for argparse: a whole number from `least` to `most`.
function options.whole(name, least, most)
  return function(text)
    local number = text:find("^%d+$") and #text <= 15 and tonumber(text)
    if number and number >= least and number <= most then
      return number
    end
    return nil, ("%s: expected a whole number from %.0f to %.0f, found '%s'"):format(name, least, most, text)
  end
end

--- A converter for argparse: a number of seconds above 0, up to `most`; 0.5 is one too.
function options.seconds(name, most)
  return function(text)
    local number = (text:find("^%d+$") or text:find("^%d*%.%d+$")) and #text <= 15 and tonumber(text)
    if number and number > 0 and number <= most then
      return number
    end
    return nil, ("%s: expected seconds above 0 up to %d, found '%s'"):format(name, most, text)
  end
end

function options.from(command, description)
  return command:option("--from", description .. " May be given again."):argname("SOURCE"):count("*")
end

function options.batch(command)
  return command:option("--batch", "Serials in one call, 1 to 1000 (50)."):argname("N")
    :convert(options.whole("--batch", 1, 1000))
end

function options.qps(command)
  return command:option("--qps", "Calls in any one second, 1 to 400 (10)."):argname("N")
    :convert(options.whole("--qps", 1, 400))
end

function options.guard(command)
  return command:option("--guard", "Milliseconds added to that second, for calls' travel times (100, then as needed).")
    :argname("MS"):convert(options.whole("--guard", 0, 10000))
end

function options.endpoint(command)
  return command:option("--endpoint", "The service's URL, instead of the region's."):argname("URL"),
    command:option("--region", "The region that has the certificates (cn-hangzhou)."):argname("R"),
    command:option("--network", "Its names there: public, or vpc for those inside a VPC (public)."):argname("NAME")
      :choices({ "public", "vpc" }),
    command:flag("--allow-http", "Permit plain http to hosts other than this one.")
end

function options.profile(command)
  return command:option("--profile", "Profile of the credential files."):argname("P")
end

--- Everything that a command which asks the service takes.
function options.service(command)
  local endpoint, region, network, allow_http = options.endpoint(command)
  command:group("The service",
    endpoint, region, network, options.profile(command),
    command:option("--ca-file", "PEM file of the authorities to trust (the system's)."):argname("F"),
    allow_http,
    command:option("--timeout", "Seconds for one call, retries included (60). In a list or an audit: for an attempt.")
      :argname("S"):convert(options.seconds("--timeout", 86400)),
    command:flag("--verbose", "A line on the standard error for each call."))
  command:group("The quota",
    command:option("--home", "The folder through which processes share it (~/.local/state/certstat)."):argname("DIR"),
    command:option("--account", "Whose quota it is: any name (default)."):argname("NAME"),
    options.qps(command), options.guard(command), options.batch(command))
end

--- Everything about what is written: formats, those that the command takes; usual, the columns of its rows where none
-- are chosen (see report/columns.lua); ... are further options of that group.
function options.shown(command, formats, usual, ...)
  command:group("Output",
    command:option("--format", ("How rows are written: %s (table)."):format(table.concat(formats, ", ")))
      :choices(formats):argname("FORMAT"),
    command:option("--columns", ("Which columns: %s."):format(table.concat(columns.names(usual), ", ")))
      :argname("NAMES"):convert(function(text)
        return columns.choose(text, usual)
      end),
    command:flag("--quiet", "Neither progress nor summary on the standard error."),
    command:flag("--no-color", "No colours; NO_COLOR does the same."),
    ...)
end

return options
