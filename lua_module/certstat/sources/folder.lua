--- folder.lua - a folder of certificates as a source: those in its PEM and DER files, in the order of the files' names.
local bad = require "certstat.sources.bad"
local file = require "certstat.sources.file"
local ipc = require "certstat.ipc"

local folder = {}

-- The files of a folder, sorted, but those whose name begins with a dot; nil and a message where it can't be read.
local function paths_of(path)
  local paths = {}
  local fine, message = pcall(function()
    for name in require("lfs").dir(path) do
      local facts = name:sub(1, 1) ~= "." and ipc.facts(path .. "/" .. name)
      if facts and facts.kind == "file" then
        paths[#paths + 1] = path .. "/" .. name
      end
    end
  end)
  if not fine then
    return nil, message
  end
  table.sort(paths)
  return paths
end

--- Opens the folder `path`. Returns an iterator of items as certstat.sources.certificates gives them, and a function:
-- which share of its files is read. A file that can't be read is an item that is a row. Or nil and a message.
function folder.open(path)
  local paths, message = paths_of(path)
  if not paths then
    return nil, message
  end
  local at, items = 0, nil
  return function()
    while true do
      local item, failure
      if items then
        item, failure = items()
      end
      if item then
        return item
      elseif failure then
        items = nil
        return bad(paths[at], failure)
      elseif at == #paths then
        return nil
      end
      at = at + 1
      items, failure = file.open(paths[at], { format = "certificates" })
      if not items then
        return bad(paths[at], failure)
      end
    end
  end, function()
    return #paths > 0 and at / #paths or nil
  end
end

return folder
