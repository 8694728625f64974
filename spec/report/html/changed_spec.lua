local changed = require "certstat.report.html.changed"

local EARLIER = { run = 6, started = 1767236645 }

describe("report.html.changed", function()
  it("says why there is nothing to compare", function()
    assert.equal('<p class="soft">Not compared with an earlier audit: a &lt;b&gt;.</p>\n',
      changed.text { missing = "a <b>" })
  end)

  it("says that nothing has changed", function()
    assert.equal("<p>Nothing has changed since run 6 of 2026-01-01T03:04:05Z.</p>\n",
      changed.text { earlier = EARLIER, counts = {} })
  end)

  it("shows changes, the gravest first", function()
    local text = changed.text {
      earlier = EARLIER, counts = { new = 1, revoked = 1, unrevoked = 1 },
      { key = "01", after = "good", kind = "new" },
      { key = "02", before = "good", after = "revoked", revoked_at = 1767323045, kind = "revoked" },
      { key = "03", before = "revoked", after = "good", kind = "unrevoked" },
    }
    assert.equal('<p>3 changes since run 6 of 2026-01-01T03:04:05Z.</p>\n<ul class="key">'
      .. '<li><span class="dot error"></span>unrevoked <b>1</b></li>'
      .. '<li><span class="dot revoked"></span>revoked <b>1</b></li>'
      .. '<li><span class="dot absent"></span>new <b>1</b></li></ul>\n', text:match("^(.-\n.-\n)"))
    local rows = {}
    for row in text:gmatch("<tr><td>(.-)</tr>\n") do
      rows[#rows + 1] = row:gsub("<[^>]*>", " "):gsub(" +", " ")
    end
    assert.same({ " unrevoked 03 revoked good ", " revoked 02 good revoked 2026-01-02T03:04:05Z ", " new 01 good " },
      rows)
    assert.is_nil(text:find("Not all are shown", 1, true))
  end)

  it("says that it does not show all", function()
    local text = changed.text { earlier = EARLIER, counts = { new = 2 }, { key = "01", after = "good", kind = "new" } }
    assert.is_truthy(text:find('<p class="soft">Not all are shown; certstat changes has them.</p>\n', 1, true))
  end)
end)
