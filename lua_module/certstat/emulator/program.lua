--- The programs that the emulator starts.
local ipc = require "certstat.ipc"

local M = {}

--- Whether a path names a file.
function M.is_file(path)
  local facts = ipc.facts(path)
  return facts ~= nil and facts.kind == "file"
end

--- find(name, paths) → the first of the paths that is there; or nil, message.
function M.find(name, paths)
  for _, path in ipairs(paths) do
    if M.is_file(path) then return path end
  end
  return nil, name .. " is not installed; looked for " .. table.concat(paths, ", ")
end

return M
