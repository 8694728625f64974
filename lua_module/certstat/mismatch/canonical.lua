--- The two texts that are signed, taken apart: where in them something stands, and what it is.
local core = require "certstat.core"

local M = {}

-- Every line of a text, the last one too.
local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

--- items(query) → its items, `name=value`, as they stand.
function M.items(query)
  local items = {}
  for item in query:gmatch("[^&]+") do items[#items + 1] = item end
  return items
end

--- parameters(query) → {name = value, or a list of values}, decoded; or nil, message, info.
function M.parameters(query)
  local found, message, info = core.parse_query(query)
  if not found then return nil, message, info end
  local parameters = {}
  for _, pair in ipairs(found) do
    local name, value = pair[1], pair[2]
    local known = parameters[name]
    if known == nil then
      parameters[name] = value
    elseif type(known) == "table" then
      known[#known + 1] = value
    else
      parameters[name] = { known, value }
    end
  end
  return parameters
end

--- read_v3(canonical request) → {method =, path =, query =, fields = lines `name:value`, signed =, hash =}; nil where
-- it is none.
function M.read_v3(text)
  local lines = lines_of(text)
  if #lines < 6 or lines[#lines - 2] ~= "" then return nil end
  local fields = {}
  for i = 4, #lines - 3 do fields[#fields + 1] = lines[i] end
  return {
    method = lines[1], path = lines[2], query = lines[3], fields = fields, signed = lines[#lines - 1],
    hash = lines[#lines],
  }
end

local function decode(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- read_v1(string to sign) → {method =, path =, query =}, decoded once, so that the query is the canonical one; nil
-- where it is none.
function M.read_v1(text)
  local method, path, query = text:match("^(%u*)&([^&]*)&([^&]*)$")
  if not method then return nil end
  return { method = method, path = decode(path), query = decode(query) }
end

return M
