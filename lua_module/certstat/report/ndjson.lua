--- ndjson.lua - one JSON object a line.
local object = require "certstat.report.object"

local ndjson = {}

function ndjson.open(write, chosen)
  local report = {}

  function report.row(row)
    write(object.encode(row, chosen) .. "\n")
  end

  function report.finish()
  end

  return report
end

return ndjson
