--- The folders of spec/vectors/, whose README describes them.
local lfs = require "lfs"

local M = {}

local FOLDER = "spec/vectors/"

-- A file without its last newline; nil where there is none.
local function content(vector, file)
  local stream = io.open(FOLDER .. vector .. "/" .. file, "rb")
  if not stream then return nil end
  local bytes = stream:read("*a")
  stream:close()
  return (assert(bytes:match("^(.*)\n$"), "no newline at the end of " .. file))
end

local function plain(text)
  return (text:gsub("\\x(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A name that comes again has a list of values.
local function add(pairs_, name, value)
  local before = pairs_[name]
  if before == nil then
    pairs_[name] = value
  elseif type(before) == "table" then
    before[#before + 1] = value
  else
    pairs_[name] = { before, value }
  end
end

local function load(name)
  local vector = { name = name, query = {}, header = {}, form = {} }
  for line in (content(name, "request") .. "\n"):gmatch("([^\n]*)\n") do
    local key, rest = line:match("^([^\t]*)\t(.*)$")
    if type(vector[key]) == "table" then
      local first, second = rest:match("^([^\t]*)\t(.*)$")
      add(vector[key], plain(first), plain(second))
    else
      vector[key] = plain(rest)
    end
  end
  for _, file in ipairs { "canonical_request", "string_to_sign", "signature", "authorization", "target" } do
    vector[file] = content(name, file)
  end
  return vector
end

--- Those of an algorithm, sorted by name.
function M.of(algorithm)
  local list = {}
  for name in lfs.dir(FOLDER) do
    if name:find("^%l%d") then
      local vector = load(name)
      if vector.algorithm == algorithm then list[#list + 1] = vector end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

--- All parameters of an RPC request, of query and form.
function M.parameters(vector)
  local all = {}
  for _, part in ipairs { vector.query, vector.form } do
    for name, value in pairs(part) do all[name] = value end
  end
  return all
end

return M
