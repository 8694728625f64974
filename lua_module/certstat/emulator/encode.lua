--- Replies as text, by the shape that an operation declares: what is not in the shape is not sent, and a
-- value of another type than the shape says raises, so that no answer of the emulator has a wrong type by
-- mistake.
local json = require("cjson").new()

local M = {}

--- shape{ {name, kind}, … }: kind is "string", "integer", "boolean", or { list = shape }, { object = shape }.
local scalar = {
  string = { "string", function(value) return json.encode(value) end },
  integer = { "number", function(value) return ("%.0f"):format(value) end },
  boolean = { "boolean", tostring },
}

local function put(out, text) out[#out + 1] = text end

local put_object

local function put_value(out, name, kind, value, pause)
  if type(kind) == "string" then
    local expected = scalar[kind]
    if type(value) ~= expected[1] then
      error(("field %s: expected %s, found %s"):format(name, kind, type(value)), 0)
    end
    put(out, expected[2](value))
  elseif kind.object then
    put_object(out, kind.object, value, pause)
  else
    put(out, "[")
    for i = 1, #value do
      if i > 1 then put(out, ",") end
      put_object(out, kind.list, value[i], pause)
      pause()
    end
    put(out, "]")
  end
end

function put_object(out, shape, values, pause)
  local separator = "{"
  for _, field in ipairs(shape) do
    local name, value = field[1], values[field[1]]
    if value ~= nil then
      put(out, separator .. json.encode(name) .. ":")
      put_value(out, name, field[2], value, pause)
      separator = ","
    end
  end
  put(out, separator == "{" and "{}" or "}")
end

--- json(shape, values, pause) → array of strings that make one JSON object. Absent values are left out.
-- `pause` is called after each element of a list, so that a long reply does not hold the worker.
function M.json(shape, values, pause)
  local out = {}
  put_object(out, shape, values, pause)
  return out
end

return M
