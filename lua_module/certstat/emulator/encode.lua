--- Replies as text, JSON or XML, by the shape that an operation declares: what is not in the shape is not sent, and a
-- value of another type than the shape says raises, so that no answer of the emulator has a wrong type by mistake.
local json = require("cjson").new()

local M = {}

--- shape{ {name, kind}, … }: kind is "string", "integer", "boolean", { list = shape or kind }, { object = shape };
-- "time": an integer, a string or encode.null, as the value is; and "json", for a fault: a string that is the value's
-- JSON already.
local LUA_TYPE = { string = "string", integer = "number", boolean = "boolean", json = "string", null = "userdata" }
local TIME = { string = "string", number = "integer", userdata = "null" }

--- JSON's null.
M.null = json.null

-- The text of a value of a kind. writers: by kind.
local function written(writers, name, kind, value)
  if kind == "time" then kind = TIME[type(value)] end
  if type(value) ~= LUA_TYPE[kind] then
    error(("field %s: no value for it is a %s"):format(name, type(value)), 0)
  end
  return writers[kind](value)
end

local function put(out, text) out[#out + 1] = text end

-- ---- JSON ----

local as_json = {
  string = json.encode, boolean = tostring,
  integer = function(value) return ("%.0f"):format(value) end,
  json = function(text) return text end,
  null = function() return "null" end,
}

local put_json_object

local function put_json(out, name, kind, value, pause)
  if type(kind) == "string" then
    put(out, written(as_json, name, kind, value))
  elseif kind.object then
    put_json_object(out, kind.object, value, pause)
  elseif kind.list then
    local item = type(kind.list) == "table" and { object = kind.list } or kind.list
    put(out, "[")
    for i = 1, #value do
      if i > 1 then put(out, ",") end
      put_json(out, name, item, value[i], pause)
      pause()
    end
    put(out, "]")
  end
end

function put_json_object(out, shape, values, pause)
  local separator = "{"
  for _, field in ipairs(shape) do
    local name, value = field[1], values[field[1]]
    if value ~= nil then
      put(out, separator .. json.encode(name) .. ":")
      put_json(out, name, field[2], value, pause)
      separator = ","
    end
  end
  put(out, separator == "{" and "{}" or "}")
end

-- ---- XML: a list is its element again and again, as in the service's own examples ----

local ENTITY = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local as_xml = {
  -- XML 1.0 has no other control characters than tab and line ends
  string = function(text) return (text:gsub("[%z\1-\8\11\12\14-\31]", "?"):gsub('[&<>"]', ENTITY)) end,
  boolean = tostring, integer = as_json.integer,
  null = function() return "" end,
}
as_xml.json = as_xml.string

local put_xml_object

local function put_xml(out, name, kind, value, pause)
  if type(kind) == "table" and kind.list then
    local item = type(kind.list) == "table" and { object = kind.list } or kind.list
    for i = 1, #value do
      put_xml(out, name, item, value[i], pause)
      pause()
    end
    return
  end
  put(out, "<" .. name .. ">")
  if type(kind) == "string" then
    put(out, written(as_xml, name, kind, value))
  else
    put_xml_object(out, kind.object, value, pause)
  end
  put(out, "</" .. name .. ">")
end

function put_xml_object(out, shape, values, pause)
  for _, field in ipairs(shape) do
    local name, value = field[1], values[field[1]]
    if value ~= nil then put_xml(out, name, field[2], value, pause) end
  end
end

--- reply({format=, root=, shape=, values=}, pause) → array of strings that make one text; its content type.
-- format: "json" or "xml"; root: the name of XML's outermost element. Absent values are left out. `pause` is called
-- after each element of a list, so that a long reply does not hold the worker.
function M.reply(reply, pause)
  local out = {}
  if reply.format == "xml" then
    put(out, '<?xml version="1.0" encoding="UTF-8"?>')
    put_xml(out, reply.root, { object = reply.shape }, reply.values, pause)
    return out, "text/xml;charset=utf-8"
  end
  put_json_object(out, reply.shape, reply.values, pause)
  return out, "application/json;charset=utf-8"
end

return M
