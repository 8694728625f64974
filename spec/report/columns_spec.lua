local columns = require "certstat.report.columns"

describe("report.columns", function()
  it("has the fields of a status row in the contract's order", function()
    local names = {}
    for i, column in ipairs(columns.status) do
      names[i] = column.name
    end
    assert.same({ "serial", "key", "status", "revoked_at", "class", "code", "message" }, names)
  end)

  it("shows a time as ISO 8601 in UTC", function()
    assert.equal("2026-01-02T03:04:05Z", columns.text({ name = "t", time = true }, { t = 1767323045 }))
    assert.equal("1970-01-01T00:00:00Z", columns.text({ name = "t", time = true }, { t = 0 }))
  end)

  it("shows other values as they are, and nothing where there is none", function()
    assert.equal("abc", columns.text({ name = "s" }, { s = "abc" }))
    assert.equal("0", columns.text({ name = "s" }, { s = "0" }))
    assert.is_nil(columns.text({ name = "s" }, {}))
    assert.is_nil(columns.text({ name = "t", time = true }, {}))
  end)
end)
