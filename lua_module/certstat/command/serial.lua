--- certstat serial - one serial number in every form that programs print; asks nobody.
local core = require "certstat.core"
local exit_codes = require "certstat.command.exit_codes"
local forms = require "certstat.command.forms"
local input = require "certstat.command.input"

local serial = {}

function serial.configure(command)
  command:description("A serial in every form that programs print, and its canonical key. Asks nobody.")
  command:summary("A serial number in every form that programs print.")
  command:epilog([[
Example:
   certstat serial 08:4B:DE:9C:D2 dec:35620166866
   certstat serial --pem client.pem]])
  local values = command:argument("value", "Serial numbers in any form; dec: before one makes it decimal.")
    :args("*"):argname("VALUE")
  local pem = command:option("--pem", "PEM or DER certificates; - reads the standard input."):argname("F")
  command:group("Input", values, pem)
  command:mutex(values, pem)
end

-- The lines for one serial: its given form, then all others, or what is wrong with it.
local function explain(given, key, message)
  local rows = { { "given", core.printable(given) } }
  if key then
    for _, form in ipairs(forms.of(key)) do
      rows[#rows + 1] = form
    end
  else
    rows[#rows + 1] = { "invalid", core.printable(message) }
  end
  local texts = {}
  for i, row in ipairs(rows) do
    texts[i] = ("%-8s  %s\n"):format(row[1], row[2])
  end
  return table.concat(texts)
end

local function items_of(arguments, environment)
  if arguments.pem then
    return input.open_certificates(arguments.pem, environment.stdin)
  elseif #arguments.value == 0 then
    return nil, "no serial number given (see certstat serial --help)"
  end
  local at = 0
  return function()
    at = at + 1
    return arguments.value[at] and { serial = arguments.value[at] }
  end
end

function serial.run(arguments, environment)
  local items, unusable = items_of(arguments, environment)
  if not items then
    environment.say(unusable)
    return exit_codes.usage
  end
  local code, before = exit_codes.ok, ""
  while true do
    local item, failure = items()
    if not item then
      if failure then
        environment.say(failure)
        code = exit_codes.failed
      end
      return code
    end
    local given, key, message
    if item.row then
      given, message = item.row.serial, item.row.message
    else
      given = item.serial
      key, message = core.serial(given)
    end
    if not key then
      code = exit_codes.unclear
    end
    environment.stdout:write(before .. explain(given, key, message))
    before = "\n"
  end
end

return serial
