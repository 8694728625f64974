local columns = require "certstat.report.columns"
local json = require "certstat.report.json"
local strict = require "spec.report.strict"

local SHOWN = { columns.status[1], columns.status[3] }

local function written(rows)
  local text = ""
  local report = json.open(function(piece)
    text = text .. piece
  end, SHOWN)
  for _, row in ipairs(rows) do
    report.row(row)
  end
  report.finish()
  return text
end

describe("report.json", function()
  it("is an empty array where there is no row", function()
    assert.equal("[]\n", written {})
  end)

  it("is an array of an element a line", function()
    assert.equal('[\n{"serial":"1","status":"good"},\n{"serial":"02","status":"good"}\n]\n', written {
      { serial = "1", status = "good" },
      { serial = "02", status = "good" },
    })
  end)

  it("is read by cjson", function()
    local rows = require("cjson").new().decode(written { { serial = "1" }, { serial = "2" }, { serial = "3" } })
    assert.equal(3, #rows)
    assert.equal("3", rows[3].serial)
  end)

  it("is read strictly, whatever a name says", function()
    for i, row in ipairs(strict.report("json", strict.hostile_rows())) do
      assert.equal(strict.kept(strict.HOSTILE[i]), row.serial)
    end
    assert.same({}, strict.report("json", {}))
  end)
end)
