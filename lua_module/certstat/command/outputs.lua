--- outputs.lua - the rows as the user wants them, and a page beside them that is ended later.
local columns = require "certstat.report.columns"
local output = require "certstat.command.output"

local outputs = {}
outputs.__index = outputs

--- Opens what arguments.output and what goes with it ask for (see output.open), and with arguments.report = PATH a page
-- (see certstat.report.html). Returns an object with the methods and the field `failure` of an output; or nil and a
-- message.
function outputs.open(arguments, environment)
  if arguments.report and arguments.report == arguments.output then
    return nil, "--output and --report name the same file"
  end
  local page, rows, message
  if arguments.report then
    page, message = output.open({ format = "html", output = arguments.report }, environment, columns.status)
    if not page then
      return nil, message
    end
  end
  rows, message = output.open(arguments, environment, columns.status)
  if rows then
    return setmetatable({ rows = rows, page = page }, outputs)
  end
  if page then
    page:discard()
  end
  return nil, message
end

function outputs:row(row)
  self.rows:row(row)
  if self.page then
    self.page:row(row)
  end
  self.failure = self.rows.failure or self.page and self.page.failure
  return not self.failure
end

--- Ends the rows.
function outputs:close(facts)
  return self.rows:close(facts)
end

--- Ends the page, where there is one.
function outputs:close_page(facts)
  if self.page then
    return self.page:close(facts)
  end
  return true
end

return outputs
