local chart = require "certstat.report.html.chart"

describe("report.html.chart", function()
  it("draws a bar whose parts are as long as they count, and never too thin to see", function()
    assert.equal('<svg class="bar" viewBox="0 0 560 10" preserveAspectRatio="none" role="img" '
      .. 'aria-label="999,999 good, 1 revoked"><rect class="good" x="0.00" width="557.00" height="10"/>'
      .. '<rect class="revoked" x="557.00" width="3.00" height="10"/></svg>\n', chart.bar {
        { css = "good", name = "good", count = 999999 }, { css = "unknown", name = "unknown", count = 0 },
        { css = "revoked", name = "revoked", count = 1 },
      })
  end)

  it("draws an empty bar", function()
    assert.equal('<svg class="bar" viewBox="0 0 560 10" preserveAspectRatio="none" role="img" aria-label=""></svg>\n',
      chart.bar { { css = "good", name = "good", count = 0 } })
  end)

  it("draws columns of several kinds, named by month and in January by year", function()
    assert.equal('<svg viewBox="0 0 560 150" role="img" aria-label="2026-01: 4"><line x2="560" y1="132" y2="132"/>'
      .. '<text x="140.00" y="146">12</text>'
      .. '<rect class="r1" x="322.00" y="45.00" width="196.00" height="87.00"/>'
      .. '<rect class="r2" x="322.00" y="16.00" width="196.00" height="29.00"/>'
      .. '<text class="value" x="420.00" y="12.00">4</text><text x="420.00" y="146">2026</text></svg>\n',
      chart.columns({ { name = "2025-12", counts = {} }, { name = "2026-01", counts = { a = 3, b = 1 } } },
        { { name = "a", css = "r1" }, { name = "b", css = "r2" } }))
  end)

  it("shortens what has no room above a column, and says it in full", function()
    local shown = { [999] = "999", [1000] = "1.0k", [6388] = "6.4k", [45600] = "46k", [2500000] = "2.5M" }
    for count, expected in pairs(shown) do
      local drawn = chart.columns({ { name = "2026-01", counts = { a = count } } }, { { name = "a", css = "r1" } })
      assert.equal(expected, drawn:match('class="value"[^>]*>([^<]*)<'))
      assert.equal(count, tonumber((drawn:match('aria%-label="2026%-01: ([^"]*)"'):gsub(",", ""))))
    end
  end)

  it("says what colours mean", function()
    assert.equal('<ul class="key"><li><span class="dot r1"></span>&lt;a&gt; <b>1,000</b></li></ul>\n',
      chart.key { { css = "r1", name = "<a>", count = 1000 } })
  end)
end)
