--- report - rows as text, one after the other, in one of several formats; nothing is held back but what a line
-- needs.
--
--   local report = require("certstat.report").open("csv", write)
--   report.row { serial = "08:4B:DE", key = "084bde", status = "good" }
--   report.finish(facts)
--
-- Text that comes from outside is made printable; json, ndjson and sarif keep it exactly, escaped.
local columns = require "certstat.report.columns"

-- tables: the formats that show any rows; formats: these, and those that know what a row's status means
local report = {
  tables = { "table", "csv", "tsv", "ndjson", "json", "markdown" },
  formats = { "table", "csv", "tsv", "ndjson", "json", "markdown", "junit", "sarif", "prometheus" },
}

local known = { html = "certstat.report.html" }
for _, format in ipairs(report.formats) do
  known[format] = "certstat.report." .. format
end

-- format: one of report.formats, or html, a page for people; write: function(text), called with whole lines; options
-- (may be nil):
--   columns: an array as in report/columns.lua (default: columns.status)
--   color:   true colours the table's status words
-- Returns {row = function(row), finish = function(facts)}. finish completes the text, also after a run that was cut
-- short, and is to be called exactly once. facts, of the run: {whole = it was not cut short, seconds = how long it
-- took, ended = seconds since 1970, counts = {[status] = how many rows have it}, for each of report/statuses.lua,
-- counters = what client:counters() gives, qps = the calls a second that its quota allows}; those of report.tables look
-- at whole alone, and html has more, see there. Raises where the format is unknown.
function report.open(format, write, options)
  if not known[format] then
    error("report.open: expected one of " .. table.concat(report.formats, ", ") .. ", found "
      .. tostring(format), 2)
  end
  options = options or {}
  return require(known[format]).open(write, options.columns or columns.status, options.color)
end

return report
