local columns = require "certstat.report.columns"
local ndjson = require "certstat.report.ndjson"
local strict = require "spec.report.strict"

local SHOWN = { columns.status[1], columns.status[3] }

local function written(rows)
  local text = ""
  local report = ndjson.open(function(piece)
    text = text .. piece
  end, SHOWN)
  for _, row in ipairs(rows) do
    report.row(row)
  end
  report.finish()
  return text
end

describe("report.ndjson", function()
  it("is empty where there is no row", function()
    assert.equal("", written {})
  end)

  it("is an object a line", function()
    assert.equal('{"serial":"1\\n","status":"invalid"}\n{"serial":"02","status":"good"}\n', written {
      { serial = "1\n", status = "invalid" },
      { serial = "02", status = "good" },
    })
  end)

  it("is read strictly, whatever a name says", function()
    for i, row in ipairs(strict.report("ndjson", strict.hostile_rows())) do
      assert.equal(strict.kept(strict.HOSTILE[i]), row.serial)
    end
    assert.same({}, strict.report("ndjson", {}))
  end)
end)
