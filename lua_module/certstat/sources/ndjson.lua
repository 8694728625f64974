--- ndjson.lua - one JSON object a line, with the serial number in a field.
local each_line = require "certstat.sources.each_line"
local json = require("cjson").new()

local ndjson = {}

--- The string at `field` of the JSON object in `line`: a member of that name, or else a path of names with dots
-- between. "" where it is null. Or nil and what is wrong.
function ndjson.value(line, field)
  local fine, object = pcall(json.decode, line)
  if not fine or type(object) ~= "table" then
    return nil, "expected a JSON object"
  end
  local value = object[field]
  if value == nil then
    value = object
    for name in field:gmatch("[^.]+") do
      value = type(value) == "table" and value[name] or nil
    end
  end
  if value == json.null then
    return ""
  elseif type(value) ~= "string" then -- a number has lost its last digits already
    local found = value == nil and "nothing" or "a " .. type(value)
    return nil, ("expected a string in the field '%s', found %s"):format(field, found)
  end
  return value
end

--- reader, name and result as in certstat.sources.each_line; field: the member that has the serial number, or a path of
-- members, `tls.serial`.
function ndjson.items(reader, name, field)
  return each_line(reader, name, function(line)
    if line:find("%S") then
      local serial, message = ndjson.value(line, field)
      return serial and { serial = serial }, message
    end
  end)
end

return ndjson
