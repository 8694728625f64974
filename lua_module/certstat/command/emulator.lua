--- certstat emulator - the service on this machine, answering from real `openssl ca` folders.
local emulator = require "certstat.emulator"
local emulator_keys = require "certstat.emulator.keys"
local emulator_options = require "certstat.emulator.options"
local exit_codes = require "certstat.command.exit_codes"
local faults = require "certstat.emulator.faults"
local operations = require "certstat.emulator.operations"
local options = require "certstat.command.options"
local switches = require "certstat.emulator.switches"

local command_emulator = {}

local whole_qps = options.whole("--qps", 1, 1000000)

local function read_qps(text)
  local operation, number = text:match("^(%a+)=(.*)$")
  if operation and not operations[operation] then
    return nil, ("--qps: there is no operation '%s'"):format(operation)
  end
  local rate, message = whole_qps(number or text)
  return rate and { operation = operation, rate = rate }, message
end

local function read_switch(text)
  local name, value = switches.read(text)
  return name and { name, value }, not name and "--set: " .. value or nil
end

function command_emulator.configure(command)
  command:description("The service on this machine: signatures, quota and errors as the real one's, answered "
    .. "from the databases of real `openssl ca` folders. Serves until SIGTERM or SIGINT. Needs nginx and its Lua "
    .. "module.")
  command:summary("The service, played by a local server.")
  command:epilog(([[
It prints `listening on http://127.0.0.1:PORT` when it is ready, and where its control
socket and its CA are. Where no option names a key, CERTSTAT_EMULATOR_ACCESS_KEY holds
it: ID:SECRET.

What the service's documentation leaves open can be set by --set; the first value holds
where nothing is said:
%s

Example:
   certstat emulator --ca ca/sub --listen 127.0.0.1:8080 --access-key demo:throw-away]]):format(switches.help()))
  command:option("--ca", "An `openssl ca` folder: index.txt, newcerts/, cacert.pem. Again for another.")
    :argname("DIR"):count("+")
  command:option("--listen", "Loopback address and port; port 0 is a free one (127.0.0.1:0).")
    :argname("ADDRESS:PORT")
  command:mutex(
    command:option("--access-key", "The key that may ask; never a real one."):argname("ID:SECRET"),
    command:option("--access-key-file", "The same from a file: a key a line; or JSON, with accounts, tokens and "
      .. "permissions."):argname("F"))
  command:option("--qps", "Calls of an account accepted in any one second (10). OPERATION=N: that operation has a "
    .. "quota of its own."):argname("N"):count("*"):convert(read_qps)
  command:option("--max-serials", "Serials accepted in one call (any number)."):argname("N")
    :convert(options.whole("--max-serials", 1, 100000))
  command:option("--set", "What the documentation leaves open, see below. Again for another.")
    :argname("NAME=VALUE"):count("*"):convert(read_switch)
  command:option("--faults", "Fail on purpose, as a scenario in JSON says; the README lists the faults."):argname("F")
  command:flag("--tls", "Speak https, with HTTP/2, by a CA that it makes for itself.")
  command:option("--log", "Append one line of JSON for each call."):argname("F")
  command:option("--session-seconds", "How long temporary keys are good (what was asked; six hours)."):argname("N")
    :convert(options.whole("--session-seconds", 1, 43200))
  command:option("--metadata", "Version of the metadata service: v1, v2 (both)."):argname("V"):choices({ "v1", "v2" })
end

local function read_file(path)
  local file, message = io.open(path, "r")
  if not file then return nil, message end
  local text = file:read("*a")
  file:close()
  if text then return text end
  return nil, path .. ": can't be read"
end

local function keys_in_file(path)
  local text, message = read_file(path)
  if not text then return nil, message end
  local keys
  keys, message = emulator_keys.several(text)
  if not keys then return nil, path .. ": " .. message end
  return keys
end

local function find_keys(arguments, getenv)
  if arguments.access_key then
    local key, message = emulator_keys.one(arguments.access_key, true)
    return key and { key }, message
  elseif arguments.access_key_file then
    return keys_in_file(arguments.access_key_file)
  end
  local text = getenv("CERTSTAT_EMULATOR_ACCESS_KEY")
  if not text or text == "" then
    return nil, "no access key: give --access-key, --access-key-file or CERTSTAT_EMULATOR_ACCESS_KEY"
  end
  return emulator_keys.several(text)
end

-- The text of a scenario that can be used; nil where none is named, and then a message where it can't be used.
local function find_faults(path, tls)
  if not path then return nil end
  local text, message = read_file(path)
  if not text then return nil, message end
  local scenario
  scenario, message = faults.read(text, tls)
  if scenario then return text end
  return nil, path .. ": " .. message
end

local function find_rates(given)
  local rate, rates = 10, {}
  for _, one in ipairs(given) do
    if one.operation then rates[one.operation] = one.rate else rate = one.rate end
  end
  return rate, rates
end

local function find_switches(given)
  local settings = switches.usual()
  for _, one in ipairs(given) do settings[one[1]] = one[2] end
  return settings
end

-- In one write: who has read the first line has them all.
local function lines_of(places)
  local lines = { "listening on " .. places.url, "control socket " .. places.control }
  if places.ca then lines[3] = "CA certificate " .. places.ca end
  return table.concat(lines, "\n") .. "\n"
end

function command_emulator.run(arguments, environment)
  local function refuse(message)
    environment.say(message)
    return exit_codes.usage
  end
  local keys, message = find_keys(arguments, environment.getenv)
  if not keys then return refuse(message) end
  local address, port = emulator_options.listen(arguments.listen or "127.0.0.1:0")
  if not address then return refuse(port) end
  local scenario, unusable = find_faults(arguments.faults, arguments.tls)
  if unusable then return refuse(unusable) end
  local qps, operation_qps = find_rates(arguments.qps)
  local ok, info
  ok, message, info = emulator.run {
    folders = arguments.ca, address = address, port = port, keys = keys, qps = qps, operation_qps = operation_qps,
    max_serials = arguments.max_serials, switches = find_switches(arguments.set), faults = scenario,
    tls = arguments.tls, log = arguments.log, session_seconds = arguments.session_seconds,
    metadata = arguments.metadata,
    temporary = environment.getenv("TMPDIR") or "/tmp",
    announce = function(places)
      environment.stdout:write(lines_of(places))
      environment.stdout:flush()
    end,
  }
  if ok then return exit_codes.ok end
  environment.say(message)
  return info.class == "closed" and exit_codes.failed or exit_codes.usage
end

return command_emulator
