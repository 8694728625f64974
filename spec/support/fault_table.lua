--- fault_table.lua - README's table of faults, and of what comes of each.
local cjson = require("cjson").new()
local files = require "spec.emulator.files"

local fault_table = {}

--- read() → its lines: {name =, fault = decoded, options =, rows =, class =, code =, calls =, or_more =, exit =}
function fault_table.read()
  local cases = {}
  for fault, options, rows, why, calls, or_more, exit in files.read("README.md"):gmatch(
    "\n| `({[^`]*})`([^|]*) |[^|]*| ([%l ]-) |([^|]*)| (%d+)([ormore ]*) | (%d) |") do
    local class, code = why:match("`(%l+)` `([%w.]+)`")
    cases[#cases + 1] = {
      name = fault .. options:gsub("`", ""), fault = cjson.decode(fault), options = options:match("`(.-)`") or "",
      rows = rows, class = class or "", code = code or "", calls = tonumber(calls), or_more = or_more ~= "",
      exit = tonumber(exit),
    }
  end
  return cases
end

--- status(case, i) → what the row of the i-th serial says, where a good, a revoked and an unknown one are asked about.
function fault_table.status(case, i)
  if case.rows == "error" then return "error" end
  local list = case.rows == "right" and "good revoked unknown" or case.rows
  local statuses = {}
  for word in list:gmatch("%l+") do statuses[#statuses + 1] = word end
  return statuses[i]
end

return fault_table
