-- require.lua - `require "certstat"` reads and writes nothing, loads no native module and leaves no global behind.
-- Prints what is wrong, a line each. (Lua's own search for modules does not use the io library.)
local globals, loaded = {}, { certstat = true, ["certstat.version"] = true }
for name in pairs(_G) do globals[name] = true end
for name in pairs(package.loaded) do loaded[name] = true end

local print = print
for _, library in ipairs({ io, os }) do
  for name, value in pairs(library) do
    if type(value) == "function" then
      library[name] = function() error(name .. " was called", 2) end
    end
  end
end

local ok, message = pcall(require, "certstat")
if not ok then print(message) end
for name in pairs(_G) do
  if not globals[name] then print("there is a new global: " .. tostring(name)) end
end
for name in pairs(package.loaded) do
  if not loaded[name] then print("it loads " .. name) end
end
