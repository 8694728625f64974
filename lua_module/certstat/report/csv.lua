--- csv.lua - RFC 4180: a header, CRLF, quotes where they are needed.
--
-- Control bytes are made printable, so that a record is one line, and formulas text (see cell.lua).
local cell = require "certstat.report.cell"
local columns = require "certstat.report.columns"

local csv = {}

local function field(text)
  if not text then
    return ""
  end
  text = cell(text)
  if text:find('[",]') then
    text = '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

function csv.open(write, chosen)
  local names = {}
  for i, column in ipairs(chosen) do
    names[i] = column.name
  end
  write(table.concat(names, ",") .. "\r\n")

  local report = {}

  function report.row(row)
    local fields = {}
    for i, column in ipairs(chosen) do
      fields[i] = field(columns.text(column, row))
    end
    write(table.concat(fields, ",") .. "\r\n")
  end

  function report.finish()
  end

  return report
end

return csv
