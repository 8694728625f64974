local cell = require "certstat.report.cell"
local columns = require "certstat.report.columns"
local tsv = require "certstat.report.tsv"
local strict = require "spec.report.strict"

local function written(rows)
  local text = ""
  local report = tsv.open(function(piece)
    text = text .. piece
  end, columns.status)
  for _, row in ipairs(rows) do
    report.row(row)
  end
  report.finish()
  return text
end

local HEADER = "serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n"

describe("report.tsv", function()
  it("begins with a header, also where no row follows", function()
    assert.equal(HEADER, written {})
  end)

  it("has a field for each column, empty where the row has none", function()
    assert.equal(HEADER .. "08:4B:DE\t084bde\trevoked\t2026-01-02T03:04:05Z\t\t\t\n", written {
      { serial = "08:4B:DE", key = "084bde", status = "revoked", revoked_at = 1767323045 },
    })
  end)

  it("lets no tab and no line end into a field", function()
    assert.equal(HEADER .. "a\\x09b\t\tinvalid\t\t\t\ttwo\\x0Alines, one \\\n", written {
      { serial = "a\tb", status = "invalid", message = "two\nlines, one \\" },
    })
  end)

  it("is read strictly, whatever a name says", function()
    local rows = strict.hostile_rows()
    local read = strict.report("tsv", rows)
    for i, row in ipairs(rows) do
      assert.same({ cell(row.serial), "", row.status, "", "argument", "", cell(row.message) }, read[i + 1])
    end
  end)

  it("keeps a spreadsheet from running a formula", function()
    assert.equal("'=1+1\t\tinvalid\t\t\t\t\n", written({ { serial = "=1+1", status = "invalid" } }):match("\n(.*)"))
  end)
end)
