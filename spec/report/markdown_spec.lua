local columns = require "certstat.report.columns"
local strict = require "spec.report.strict"

local HEAD = "| SERIAL | STATUS | REVOKED AT | NOTE |\n| --- | --- | --- | --- |\n"

describe("report.markdown", function()
  it("is a table", function()
    assert.equal(HEAD .. "| `08:4B:DE` | revoked | 2026-01-02T03:04:05Z |  |\n"
      .. "| x | invalid |  | no hexadecimal digits |\n", strict.text("markdown", {
        { serial = "08:4B:DE", key = "084bde", status = "revoked", revoked_at = 1767323045 },
        { serial = "x", status = "invalid", message = "no hexadecimal digits" },
      }))
  end)

  it("is a table also where no row follows", function()
    assert.equal(HEAD, strict.text("markdown", {}))
    assert.same({ { "SERIAL", "STATUS", "REVOKED AT", "NOTE" } }, strict.report("markdown", {}).rows)
  end)

  it("shows certificates of the service's list", function()
    assert.equal("| SERIAL | STATUS | TYPE | NOT AFTER | SUBJECT |\n| --- | --- | --- | --- | --- |\n"
      .. "| 01 | ISSUE | CLIENT | 2026-01-02T03:04:05Z | `CN=a\\|b` |\n", strict.text("markdown", {
        { serial = "01", status = "ISSUE", type = "CLIENT", not_after = 1767323045, subject = "CN=a|b" },
      }, nil, columns.certificate))
  end)

  local spans = {
    { "a`b", "``a`b``" }, { "`a", "`` `a ``" }, { "a``", "``` a`` ```" }, { "a ", "`a `" }, { " a ", "`  a  `" },
    { "  ", "`  `" }, { "|", "`\\|`" }, { "a\\|b", "`a\\\\|b`" },
  }
  for _, case in ipairs(spans) do
    it("writes " .. case[2], function()
      assert.equal(HEAD .. "| " .. case[2] .. " | invalid |  |  |\n",
        strict.text("markdown", { { serial = case[1], status = "invalid" } }))
    end)
  end

  it("holds nothing but text and code, whatever a name says", function()
    local rows = strict.hostile_rows()
    local read = strict.report("markdown", rows)
    assert.same({ "code", "text" }, read.kinds)
    assert.equal(#rows + 1, #read.rows)
    for i, row in ipairs(rows) do
      local text = strict.in_xml(row.serial)
      assert.same({ text, row.status, "", text }, read.rows[i + 1])
    end
  end)

  it("says that the run was cut short", function()
    local read = strict.report("markdown", { { serial = "01", status = "good" } }, { whole = false })
    assert.same({ "01", "good", "", "" }, read.rows[2])
    assert.same({ "The run was cut short: rows are missing." }, read.behind)
  end)
end)
