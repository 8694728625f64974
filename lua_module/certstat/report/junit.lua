--- junit.lua - JUnit's XML, as CI systems read it: a test case for each row. Only good ones pass; what has no answer is
-- an error, as is a run that was cut short. The suite has no totals, as those would stand before its rows.
local columns = require "certstat.report.columns"
local xml = require "certstat.report.xml"

local junit = {}

local function details(row, chosen)
  local lines = {}
  for _, column in ipairs(chosen) do
    local text = columns.text(column, row)
    if text then
      lines[#lines + 1] = column.name .. ": " .. xml(text) .. "\n"
    end
  end
  return table.concat(lines)
end

-- element: failure or error
local function outcome(element, kind, message, text)
  return ('<%s type="%s" message="%s">%s</%s>'):format(element, xml(kind), xml(message), text, element)
end

local function explained(row, chosen)
  local message = row.status
  if row.revoked_at then
    message = message .. " since " .. columns.text({ name = "revoked_at", time = true }, row)
  elseif row.message then
    message = message .. ": " .. row.message
  end
  if row.status == "error" then
    return outcome("error", row.class or "error", message, details(row, chosen))
  end
  return outcome("failure", row.status, message, details(row, chosen))
end

function junit.open(write, chosen)
  write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="certstat">\n<testsuite name="certstat">\n')

  local report = {}

  function report.row(row)
    local case = ('<testcase classname="certstat" name="%s"'):format(xml(row.serial))
    if row.status == "good" then
      write(case .. "/>\n")
    else
      write(case .. ">" .. explained(row, chosen) .. "</testcase>\n")
    end
  end

  function report.finish(facts)
    if not facts.whole then
      write('<testcase classname="certstat" name="the run is whole">'
        .. outcome("error", "cut short", "the run was cut short: rows are missing", "") .. "</testcase>\n")
    end
    write("</testsuite>\n</testsuites>\n")
  end

  return report
end

return junit
