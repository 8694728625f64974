--- How serial numbers look: by what a call may name a certificate, and how a reply writes its serial. Nothing is
-- documented but examples, which are in lower case and of even length. See certstat.emulator.switches.
local core = require "certstat.core"

local M = {}

local WRITE = {
  lower = function(key) return key end,
  upper = string.upper,
  minimal = function(key) return (key:gsub("^0", "")) end,
}

--- Whether a text may be a serial number at all.
function M.is_one(text, switches)
  return text:find("^%x+$") ~= nil or switches["serial-input"] == "any" and core.serial(text) ~= nil
end

--- key(text, switches) → the canonical key of the certificate that a call names so; or nil.
function M.key(text, switches)
  local key = core.serial(text)
  if key and (switches["serial-input"] == "any" or text == key or text == WRITE[switches["serial-form"]](key)) then
    return key
  end
  return nil
end

local function write(values, form, pause)
  if values.SerialNumber then values.SerialNumber = form(values.SerialNumber) end
  for _, value in pairs(values) do
    if type(value) == "table" then write(value, form, pause) end
  end
  pause()
end

--- Writes every serial of a reply in the form that the switches say.
function M.write(values, switches, pause)
  local form = switches["serial-form"]
  if form ~= "lower" then write(values, WRITE[form], pause) end
end

return M
