local facts = require "spec.report.facts"
local report = require "certstat.report"

describe("report", function()
  it("opens every format that it names", function()
    for _, format in ipairs(report.formats) do
      local text = ""
      local opened = report.open(format, function(piece)
        text = text .. piece
      end)
      opened.row({ serial = "084bde", key = "084bde", status = "revoked" })
      opened.finish(facts.of { revoked = 1 })
      assert.is_truthy(text:find("revoked", 1, true), format)
    end
  end)

  it("raises where the format is unknown", function()
    local fine, message = pcall(report.open, "xml", print)
    assert.is_false(fine)
    assert.equal("report.open: expected one of table, csv, tsv, ndjson, json, markdown, junit, sarif, prometheus, "
      .. "found xml", message)
  end)

  it("takes other columns", function()
    local text = ""
    local opened = report.open("tsv", function(piece)
      text = text .. piece
    end, { columns = { { name = "a" }, { name = "b" } } })
    opened.row({ a = "1", b = "2", c = "3" })
    opened.finish({ whole = true })
    assert.equal("a\tb\n1\t2\n", text)
  end)
end)
