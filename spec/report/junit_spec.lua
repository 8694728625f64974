local strict = require "spec.report.strict"

local HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="certstat">\n'

describe("report.junit", function()
  it("passes what is good, and nothing else", function()
    assert.equal(HEAD .. '<testsuite name="certstat" tests="2" failures="1" errors="0">\n'
      .. '<testcase classname="certstat" name="01"></testcase>\n<testcase classname="certstat" name="B6:7E">'
      .. '<failure type="revoked" message="revoked since 2026-01-02T03:04:05Z">serial: B6:7E\nkey: b67e\n'
      .. "status: revoked\nrevoked_at: 2026-01-02T03:04:05Z\n</failure></testcase>\n"
      .. "</testsuite>\n</testsuites>\n", strict.text("junit", {
      { serial = "01", key = "01", status = "good" },
      { serial = "B6:7E", key = "b67e", status = "revoked", revoked_at = 1767323045 },
    }))
    for _, status in ipairs { "revoked", "unknown", "absent", "conflict", "invalid" } do
      local cases = strict.report("junit", { { serial = "01", status = status } })
      assert.same({ { name = "01", outcome = "failure", type = status, message = status,
        text = "serial: 01\nstatus: " .. status .. "\n" } }, cases)
    end
  end)

  it("has an error for what has no answer", function()
    assert.same({ { name = "01", outcome = "error", type = "deadline", message = "error: no answer within 60 s",
      text = "serial: 01\nstatus: error\nclass: deadline\nmessage: no answer within 60 s\n" } },
      strict.report("junit", {
        { serial = "01", status = "error", class = "deadline", message = "no answer within 60 s" },
      }))
    assert.equal("error", strict.report("junit", { { serial = "01", status = "error" } })[1].type)
  end)

  it("has a suite for each thousand rows, and none for no row", function()
    local rows = {}
    for i = 1, 2001 do
      rows[i] = { serial = tostring(i), status = i % 2 == 0 and "good" or "error" }
    end
    local text = strict.text("junit", rows)
    assert.equal(2001, #strict.read("junit", text))
    local suites = {}
    for totals in text:gmatch('<testsuite name="certstat" ([^>]*)>') do
      suites[#suites + 1] = totals
    end
    assert.same({ 'tests="1000" failures="0" errors="500"', 'tests="1000" failures="0" errors="500"',
      'tests="1" failures="0" errors="1"' }, suites)
    assert.equal(HEAD .. "</testsuites>\n", strict.text("junit", {}))
  end)

  it("has an error for a run that was cut short, also before its first row", function()
    for _, rows in ipairs { {}, { { serial = "01", status = "good" } } } do
      local cases = strict.report("junit", rows, { whole = false })
      assert.equal(#rows + 1, #cases)
      assert.same({ name = "the run is whole", outcome = "error", type = "cut short", text = "",
        message = "the run was cut short: rows are missing" }, cases[#cases])
    end
  end)

  it("is well-formed, whatever a name says", function()
    local rows = strict.hostile_rows()
    local cases = strict.report("junit", rows)
    for i, row in ipairs(rows) do
      local text = strict.in_xml(row.serial)
      assert.equal(text, cases[i].name)
      assert.equal(row.status .. ": " .. text, cases[i].message)
    end
  end)
end)
