--- report - rows as text, one after the other, in one of five formats; nothing is held back but what a line
-- needs.
--
--   local report = require("certstat.report").open("csv", write)
--   report.row { serial = "08:4B:DE", key = "084bde", status = "good" }
--   report.finish()
--
-- Text that comes from outside is made printable in table, csv and tsv; json and ndjson keep it exactly,
-- escaped.
local columns = require "certstat.report.columns"

local report = { formats = { "table", "csv", "tsv", "ndjson", "json" } }

local known = {}
for _, format in ipairs(report.formats) do
  known[format] = "certstat.report." .. format
end

-- format: one of report.formats; write: function(text), called with whole lines; options (may be nil):
--   columns: an array as in report/columns.lua (default: columns.status)
--   color:   true colours the table's status words
-- Returns {row = function(row), finish = function()}. finish completes the text, also after a run that was cut short,
-- and is to be called exactly once. Raises where the format is unknown.
function report.open(format, write, options)
  if not known[format] then
    error("report.open: expected one of " .. table.concat(report.formats, ", ") .. ", found "
      .. tostring(format), 2)
  end
  options = options or {}
  return require(known[format]).open(write, options.columns or columns.status, options.color)
end

return report
