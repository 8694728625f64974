local columns = require "certstat.report.columns"

describe("report.columns", function()
  it("has the fields of a status row in the contract's order", function()
    local names = {}
    for i, column in ipairs(columns.status) do
      names[i] = column.name
    end
    assert.same({ "serial", "key", "status", "revoked_at", "class", "code", "message" }, names)
  end)

  it("knows whether a list has a column", function()
    assert.is_true(columns.has(columns.status, "status"))
    assert.is_false(columns.has(columns.status, "checked_at"))
    assert.is_true(columns.has(columns.choose("checked_at", columns.status), "checked_at"))
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

  it("takes from the row's item what the row itself does not have", function()
    local row = { serial = "01", item = { serial = "1", source = "a:1", subject = "CN=x", not_after = 0 } }
    local chosen = columns.choose("source,not_after,serial,subject,message", columns.status)
    local texts = {}
    for i, column in ipairs(chosen) do
      texts[i] = columns.text(column, row) or "-"
    end
    assert.same({ "a:1", "1970-01-01T00:00:00Z", "01", "CN=x", "-" }, texts)
    row.source = "b:2"
    assert.equal("b:2", columns.text(chosen[1], row))
  end)

  it("gives a chosen column a title and a width", function()
    local chosen = columns.choose("status,not_after,run", columns.status)
    assert.same({ "STATUS", "NOT AFTER", "RUN" }, { chosen[1].title, chosen[2].title, chosen[3].title })
    assert.same({ 7, 20, 0 }, { chosen[1].width, chosen[2].width, chosen[3].width })
    assert.is_nil(columns.status[2].title)
  end)

  it("says which columns there are", function()
    assert.same({ nil, "--columns: expected some of serial,status,type,not_before,not_after,identifier,subject, "
      .. "found 'key'" },
      { columns.choose("serial,key", columns.certificate) })
    assert.same({ nil, "--columns: expected some of serial,key,status,revoked_at,class,code,message,source,"
      .. "checked_at,run,identifier,type,subject,not_before,not_after, found ''" },
      { columns.choose("serial,", columns.status) })
  end)
end)
