--- callers.lua - many callers of a host, each with a serial number of its own.
local cjson = require("cjson").new()
local files = require "spec.emulator.files"

local callers = {}

local SECOND_US = 1000000

--- make(folder, n) → the serial numbers of n callers, and what each is: {serial =, row =} of good, revoked and unknown
-- ones in turn; folder/index.txt has them.
function callers.make(folder, n)
  local index, made = {}, {}
  for i = 1, n do
    local serial = ("%08x"):format(0x10000000 + i * 7919)
    if i % 3 == 0 then
      made[i] = { serial = serial, row = ("%s %s unknown - - -\n"):format(serial, serial) }
    elseif i % 3 == 1 then
      index[#index + 1] = ("V\t391124041809Z\t\t%s\tunknown\t/CN=%d\n"):format(serial:upper(), i)
      made[i] = { serial = serial, row = ("%s %s good - - -\n"):format(serial, serial) }
    else
      index[#index + 1] = ("R\t391124041809Z\t251124041809Z,keyCompromise\t%s\tunknown\t/CN=%d\n"):format(
        serial:upper(), i)
      made[i] = { serial = serial, row = ("%s %s revoked 1763957889 - -\n"):format(serial, serial) }
    end
  end
  files.write(folder .. "/index.txt", table.concat(index))
  return made
end

--- judge(an emulator's log) → the most arrivals that any second has seen, how many calls were refused, and how many
-- there were.
function callers.judge(path)
  local arrivals, refused, most = {}, 0, 0
  for line in files.read(path):gmatch("[^\n]+") do
    local call = cjson.decode(line)
    arrivals[#arrivals + 1] = call.arrival_us
    if call.http_status ~= 200 then refused = refused + 1 end
  end
  table.sort(arrivals)
  local first = 1
  for last = 1, #arrivals do
    while arrivals[last] - arrivals[first] >= SECOND_US do first = first + 1 end
    most = math.max(most, last - first + 1)
  end
  return most, refused, #arrivals
end

return callers
