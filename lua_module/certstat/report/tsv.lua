--- tsv.lua - a header, a tab between fields, LF: for cut, awk, sort, join. No field has a tab or a line end in it:
-- they are made printable, and formulas text (see cell.lua).
local cell = require "certstat.report.cell"
local columns = require "certstat.report.columns"

local tsv = {}

function tsv.open(write, chosen)
  local names = {}
  for i, column in ipairs(chosen) do
    names[i] = column.name
  end
  write(table.concat(names, "\t") .. "\n")

  local report = {}

  function report.row(row)
    local fields = {}
    for i, column in ipairs(chosen) do
      fields[i] = cell(columns.text(column, row) or "")
    end
    write(table.concat(fields, "\t") .. "\n")
  end

  function report.finish()
  end

  return report
end

return tsv
