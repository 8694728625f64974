--- json.lua - one JSON array of objects, an element a line. finish() closes it, so that a run that was cut
-- short leaves an array too.
local object = require "certstat.report.object"

local json = {}

function json.open(write, chosen)
  local report = {}
  local before = "[\n"

  function report.row(row)
    write(before .. object.encode(row, chosen))
    before = ",\n"
  end

  function report.finish()
    write(before == "[\n" and "[]\n" or "\n]\n")
  end

  return report
end

return json
