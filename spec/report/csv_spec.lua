local cell = require "certstat.report.cell"
local columns = require "certstat.report.columns"
local csv = require "certstat.report.csv"
local strict = require "spec.report.strict"

local function written(rows)
  local text = ""
  local report = csv.open(function(piece)
    text = text .. piece
  end, columns.status)
  for _, row in ipairs(rows) do
    report.row(row)
  end
  report.finish()
  return text
end

local HEADER = "serial,key,status,revoked_at,class,code,message\r\n"

describe("report.csv", function()
  it("begins with a header, also where no row follows", function()
    assert.equal(HEADER, written {})
  end)

  it("ends each record with CRLF and leaves out what a row does not have", function()
    assert.equal(HEADER .. "08:4B:DE,084bde,revoked,2026-01-02T03:04:05Z,,,\r\n", written {
      { serial = "08:4B:DE", key = "084bde", status = "revoked", revoked_at = 1767323045 },
    })
  end)

  it("quotes commas and quotes", function()
    assert.equal(HEADER .. '"1,2",,invalid,,argument,,"a ""comma"""\r\n', written {
      { serial = "1,2", status = "invalid", class = "argument", message = 'a "comma"' },
    })
  end)

  it("keeps a spreadsheet from running a formula", function()
    assert.equal(HEADER .. "'=1+1,,invalid,,,,\r\n'-1+2,,invalid,,,,'@A1\r\n", written {
      { serial = "=1+1", status = "invalid" },
      { serial = "-1+2", status = "invalid", message = "@A1" },
    })
  end)

  it("keeps a record on one line whatever a field holds", function()
    assert.equal(HEADER .. "a\\x0D\\x0Ab,,invalid,,,,\\x1B[31m\r\n", written {
      { serial = "a\r\nb", status = "invalid", message = "\27[31m" },
    })
  end)

  it("is read strictly, whatever a name says", function()
    local rows = strict.hostile_rows()
    local read = strict.report("csv", rows)
    for i, row in ipairs(rows) do
      assert.same({ cell(row.serial), "", row.status, "", "argument", "", cell(row.message) }, read[i + 1])
    end
  end)
end)
