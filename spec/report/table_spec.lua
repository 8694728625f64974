local columns = require "certstat.report.columns"
local aligned = require "certstat.report.table"

local function written(rows, color, shown)
  local text = ""
  local report = aligned.open(function(piece)
    text = text .. piece
  end, shown or columns.status, color)
  for _, row in ipairs(rows) do
    report.row(row)
  end
  report.finish()
  return text
end

describe("report.table", function()
  it("is empty where there is no row", function()
    assert.equal("", written {})
  end)

  it("aligns its columns and leaves no blank at a line's end", function()
    assert.equal([[
SERIAL                                    STATUS   REVOKED AT            NOTE
084bde9cd233f0ddae33adc438cfbbbd1234      good     -
08:4B:DE                                  revoked  2026-01-02T03:04:05Z
x                                         invalid  -                     no hexadecimal digits
]], written {
      { serial = "084bde9cd233f0ddae33adc438cfbbbd1234", status = "good" },
      { serial = "08:4B:DE", status = "revoked", revoked_at = 1767323045 },
      { serial = "x", status = "invalid", message = "no hexadecimal digits" },
    })
  end)

  it("widens a column when a longer value comes, and keeps it wide", function()
    local long = ("ab:"):rep(19) .. "ab"
    assert.equal("SERIAL" .. (" "):rep(36) .. "STATUS   REVOKED AT            NOTE\n"
      .. "01" .. (" "):rep(40) .. "good     -\n"
      .. long .. "  good     -\n"
      .. "02" .. (" "):rep(#long) .. "good     -\n", written {
      { serial = "01", status = "good" },
      { serial = long, status = "good" },
      { serial = "02", status = "good" },
    })
  end)

  it("makes outside text printable and bounds it", function()
    local lines = written({ { serial = "\27[2J" .. ("a"):rep(500), status = "invalid" } })
    assert.is_nil(lines:find("\27", 1, true))
    assert.is_true(#lines:match("\n(%S+)") < 140)
  end)

  it("counts characters, not bytes", function()
    local name = "\228\184\173\230\150\135"
    assert.equal("SUBJECT  X\n" .. name .. "       y\n", written({ { s = name, x = "y" } },
      false, { { name = "s", title = "SUBJECT", width = 7 }, { name = "x", title = "X", width = 1 } }))
  end)

  it("colours the status word alone", function()
    assert.equal("SERIAL" .. (" "):rep(36) .. "STATUS   REVOKED AT            NOTE\n"
      .. "01" .. (" "):rep(40) .. "\27[32mgood\27[0m     -\n", written({ { serial = "01", status = "good" } }, true))
  end)
end)
