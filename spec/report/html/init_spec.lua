local shown = require "certstat.report.shown"
local strict = require "spec.report.strict"

local NONE = require("cjson").new().null

-- The page's row of one of ours.
local function row_of(row)
  return strict.report("html", { row }).rows[1]
end

local function says(read, element, expected)
  for _, text in ipairs(read.texts[element] or {}) do
    if text == expected then
      return true
    end
  end
  return false
end

describe("report.html", function()
  it("has each row, without what is missing at its end", function()
    assert.same({ 0, "01" }, row_of { serial = "01", key = "01", status = "good" })
    assert.same({ 1, "B6:7E", "b67e", 1767323045 },
      row_of { serial = "B6:7E", key = "b67e", status = "revoked", revoked_at = 1767323045 })
    assert.same({ 1, "B67E", NONE, 1767323045, "superseded", 1798859045, "CN=x", "index.txt:3" },
      row_of { serial = "B67E", key = "b67e", status = "revoked", revoked_at = 1767323045,
        item = { reason = "superseded", not_after = 1798859045, subject = "CN=x", source = "index.txt:3" } })
    assert.same({ 0, "01", NONE, NONE, NONE, NONE, NONE, "i1" },
      row_of { serial = "01", key = "01", status = "good", item = { reason = "superseded", identifier = "i1" } })
  end)

  it("says why there is no answer", function()
    assert.equal("deadline NoReply: no answer", row_of({ serial = "01", key = "01", status = "error",
      class = "deadline", code = "NoReply", message = "no answer" })[9])
    assert.equal("deadline", row_of({ serial = "01", key = "01", status = "error", class = "deadline" })[9])
    assert.equal("argument: no digits",
      row_of({ serial = "x", status = "invalid", class = "argument", message = "no digits" })[9])
    assert.equal("no digits", row_of({ serial = "x", status = "invalid", message = "no digits" })[9])
  end)

  it("is a page also without a row", function()
    local read = strict.report("html", {})
    assert.same({}, read.rows)
    assert.is_true(says(read, "p", "Nothing was asked."))
  end)

  it("counts revocations by reason, and expiry of good ones", function()
    local text = strict.text("html", {
      { serial = "01", status = "revoked", revoked_at = 1767323045, item = { reason = "superseded" } },
      { serial = "02", status = "revoked", revoked_at = 1767323045, item = { reason = "none of openssl's words" } },
      { serial = "03", status = "revoked", revoked_at = 1767323045 },
      { serial = "04", status = "revoked" },
      { serial = "05", status = "revoked", revoked_at = 1767323045, item = { not_after = 1767323045 } },
      { serial = "06", status = "good", item = { not_after = 1767323045 } },
      { serial = "07", status = "good" },
    })
    local read = strict.read("html", text)
    assert.same({ "2 good, 5 revoked", "2026-01: 4", "2026-01: 1" }, read.labels)
    assert.is_truthy(text:find('superseded <b>1</b>', 1, true))
    assert.is_truthy(text:find('another reason <b>1</b>', 1, true))
    assert.is_truthy(text:find('reason not known <b>2</b>', 1, true))
    assert.is_true(says(read, "p", "The expiry of 1 is known."))
  end)

  it("is the same page whatever a name says", function()
    local rows = strict.hostile_rows()
    for i, row in ipairs(rows) do
      local text = strict.HOSTILE[i]
      row.item = { subject = text, source = text, reason = text }
      if i % 3 == 0 then
        row.status, row.revoked_at = "revoked", 1767323045
      end
    end
    local asked = { from = table.concat(strict.HOSTILE, ", "), endpoint = strict.HOSTILE[1], account = "<b>" }
    local read = strict.report("html", rows, { asked = asked })
    for i, row in ipairs(rows) do
      local text = shown(row.serial)
      local reason = row.status == "revoked" and text or NONE
      assert.same({ row.status == "revoked" and 1 or i % 2 == 0 and 5 or 6, text, NONE, row.revoked_at or NONE, reason,
        NONE, text, text, "argument: " .. text }, read.rows[i])
    end
    assert.is_true(says(read, "dd", strict.in_xml(asked.from):match("^(.*) $")))
    assert.is_true(says(read, "dd", "<b>"))
    assert.equal(2, #read.texts.script)
  end)

  it("is well-formed where the run is cut short, and says so", function()
    local read = strict.report("html", { { serial = "01", status = "good" } }, { whole = false })
    assert.equal(1, #read.rows)
    assert.is_true(says(read, "p", "The run was cut short: rows are missing."))
    assert.is_false(says(read, "p", "The one certificate is good."))
  end)
end)
