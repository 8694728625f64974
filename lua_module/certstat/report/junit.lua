--- junit.lua - JUnit's XML, as CI systems read it: a test case for each row. Only good ones pass; what has no answer is
-- an error, as is a run that was cut short.
--
-- A suite's totals stand before its cases (Jenkins's schema, junit-10.xsd, wants them), so a run is many suites, and
-- one of them is held here.
local columns = require "certstat.report.columns"
local xml = require "certstat.report.xml"

local junit = {}

local MOST = 1000 -- cases of a suite

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
  write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="certstat">\n')

  local report = {}
  local cases, failures, errors = {}, 0, 0

  local function end_suite()
    write(('<testsuite name="certstat" tests="%d" failures="%d" errors="%d">\n'):format(#cases, failures, errors)
      .. table.concat(cases) .. "</testsuite>\n")
    cases, failures, errors = {}, 0, 0
  end

  -- found: what the case found, an element; "" where it passes
  local function add(name, found)
    cases[#cases + 1] = ('<testcase classname="certstat" name="%s">%s</testcase>\n'):format(xml(name), found)
    if #cases == MOST then
      end_suite()
    end
  end

  function report.row(row)
    if row.status == "error" then
      errors = errors + 1
    elseif row.status ~= "good" then
      failures = failures + 1
    end
    add(row.serial, row.status == "good" and "" or explained(row, chosen))
  end

  function report.finish(facts)
    if not facts.whole then
      errors = errors + 1
      add("the run is whole", outcome("error", "cut short", "the run was cut short: rows are missing", ""))
    end
    if #cases > 0 then
      end_suite()
    end
    write("</testsuites>\n")
  end

  return report
end

return junit
