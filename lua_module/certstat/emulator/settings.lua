--- What the supervisor tells nginx's Lua: a file in their folder, which only their user can open. Secrets
-- travel in it, so that they stand in no argument and no environment.
local json = require("cjson").new()

local M = {}

local function path_in(folder) return folder .. "/settings.json" end

--- write(folder, settings) → true; or nil, message. settings: what init.run is given of the service itself.
function M.write(folder, settings)
  local file, message = io.open(path_in(folder), "w")
  if not file then return nil, message end
  local ok
  ok, message = file:write(json.encode(settings))
  file:close()
  return ok and true or nil, message
end

--- read(folder) → settings; or nil, message. The file is gone after it.
function M.read(folder)
  local file, message = io.open(path_in(folder), "r")
  if not file then return nil, message end
  local text = file:read("*a")
  file:close()
  os.remove(path_in(folder))
  return json.decode(text)
end

return M
