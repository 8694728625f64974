local asked = require "certstat.asked"

describe("certstat.asked", function()
  it("makes a row of what was read", function()
    local rows = {
      { { serial = "B6:7E", source = "line 1" }, { position = 7, key = "b67e", given = "B6:7E", source = "line 1" } },
      { { serial = "1,2" }, { position = 7, given = "1,2" } },
      { { serial = "\182~", binary = true, source = "a\27" },
        { position = 7, key = "b67e", given = "\\xB6~", source = "a\\x1B" } },
      { { row = { serial = "a.pem", status = "invalid", message = "damaged" } }, { position = 7, given = "a.pem" } },
      { { serial = ("9"):rep(2000) }, { position = 7, given = ("9"):rep(1000) .. "..." } },
      { { serial = "01", wire = "01", identifier = "i1", subject = "CN=x", fields = {} },
        { position = 7, key = "01", given = "01", source = "i1" } },
    }
    for _, row in ipairs(rows) do assert.same(row[2], asked.row(row[1], 7)) end
  end)

  it("makes the same item again of a detailed row", function()
    local rows = {
      -- the item, and what becomes of it where that is another
      { { serial = "01", wire = "01", identifier = "i1", subject = "CN=x", not_after = 1767323045, status = "ISSUE" } },
      { { serial = "01", wire = "01", identifier = "i1" } },
      { { serial = "01", wire = "01" } },
      { { serial = "B6:7E", source = "list:1" } },
      { { serial = "01", wire = "01", identifier = "i", fields = { SerialNumber = "01" } },
        { serial = "01", wire = "01", identifier = "i" } },
      { { row = { serial = "", status = "invalid", class = "protocol", message = "without a serial number" } } },
    }
    for _, row in ipairs(rows) do assert.same(row[2] or row[1], asked.item(asked.row(row[1], 1, true))) end
  end)

  it("keeps long texts in part, so that the ledger gives back what it takes", function()
    local long, shown = ("\1"):rep(2000), ("\\x01"):rep(250) .. "..."
    local item = asked.item(asked.row({ serial = "01", subject = long, common_name = "a\1" }, 1, true))
    assert.same({ serial = "01", subject = shown, common_name = "a\1" }, item)
    item = asked.item(asked.row({ row = { serial = "", status = "invalid", message = long } }, 1, true))
    assert.same({ row = { serial = "", status = "invalid", message = shown } }, item)
  end)

  it("gives what a run has asked, page by page, and what keeps it from that", function()
    local pages = { [0] = { { position = 1 }, { position = 2 } }, [2] = { { position = 3 } }, [3] = {} }
    local calls = {}
    local rows = asked.rows({ asked = function(_, run, after)
      calls[#calls + 1] = { run, after }
      return pages[after]
    end }, 5)
    local positions = {}
    for row in rows do positions[#positions + 1] = row.position end
    assert.same({ 1, 2, 3 }, positions)
    assert.same({ { 5, 0 }, { 5, 2 }, { 5, 3 } }, calls)
    assert.is_nil((rows()))
    rows = asked.rows({ asked = function() return nil, "disk I/O error", { class = "limit" } end }, 5)
    assert.same({ nil, "ledger: disk I/O error", { class = "limit" } }, { rows() })
  end)
end)
