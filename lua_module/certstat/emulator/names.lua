--- A parameter that names certificates, comma between them.
local M = {}

--- read(context, parameters, parameter) → array of the names as given; or nil, error code, message. context: see
-- certstat.emulator.operations.
function M.read(context, parameters, parameter)
  local list = parameters[parameter] or ""
  if list == "" then return nil, "Missing" .. parameter end
  local names = {}
  for name in (list .. ","):gmatch("([^,]*),") do names[#names + 1] = name end
  local most = context.max_serials
  if most and #names > most then
    return nil, "InvalidParameter", ("%s: at most %d in one request."):format(parameter, most)
  end
  return names
end

return M
