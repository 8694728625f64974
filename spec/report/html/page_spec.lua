local facts = require "spec.report.facts"
local months = require "certstat.report.html.months"
local page = require "certstat.report.html.page"

local function summary(counts, different, revoked)
  return page.summary(facts.of(counts, different), revoked or months.new(), months.new())
end

local function verdict(...)
  local css, lines = summary(...):match('<div class="verdict (%a+)">(.-)</div>')
  return css .. ": " .. lines:gsub("<p>(.-)</p>", "%1 ")
end

describe("report.html.page", function()
  local verdicts = {
    { { good = 2 }, nil, "good: All 2 are good. " },
    { { good = 1 }, nil, "good: The one certificate is good. " },
    { {}, nil, "unclear: Nothing was asked. " },
    { { good = 2, revoked = 1 }, nil, "revoked: 1 of 3 rows is revoked. " },
    { { good = 2, unknown = 1, absent = 1, conflict = 1, invalid = 1 }, nil,
      "unclear: 4 of 6 rows are unknown, absent, in conflict or invalid. " },
    { { good = 1, revoked = 2, error = 1 }, nil, "error: 1 of 4 rows has no answer. 2 of 4 rows are revoked. " },
    { { good = 1 }, { whole = false }, "error: The run was cut short: rows are missing. " },
    { {}, { whole = false }, "error: The run was cut short: rows are missing. " },
  }
  for _, case in ipairs(verdicts) do
    it("says " .. case[3], function()
      assert.equal(case[3], verdict(case[1], case[2]))
    end)
  end

  it("loads nothing and runs its script alone", function()
    local policy = page.HEAD:match('Content%-Security%-Policy" content="([^"]*)"'):gsub("\n", "")
    assert.is_truthy(policy:find("^default%-src 'none'; style%-src 'sha256%-[%w+/]+='; "
      .. "script%-src 'sha256%-[%w+/]+='; base%-uri 'none'; form%-action 'none'$"))
    assert.is_nil((page.HEAD .. summary({})):find("https?:"))
  end)

  it("has what was asked, and what it took", function()
    local text = summary({ good = 5 }, { asked = { from = "a, b", endpoint = "https://x", account = "y", run = 1234 } })
    for name, value in pairs {
      Sources = "a, b", Service = "https://x", Account = "y", Rows = "5", Began = "2026-01-02T03:04:02Z",
      Took = "2.5 s", ["Run in the ledger"] = "1,234", Calls = "4, retries included",
      Rate = "1.6 a second; the quota allows 10", Share = "16 % of the quota in that time",
      ["Serials a call"] = "1.5", Throttled = "1", Retries = "2",
    } do
      assert.is_truthy(text:find(("<dt>%s</dt><dd>%s</dd>"):format(name, value), 1, true), name)
    end
  end)

  it("compares with an earlier audit, and says first what should never be", function()
    local changes = { earlier = { run = 6, started = 1767236645 }, counts = { unrevoked = 1 } }
    assert.equal("error: 1 revoked before, and said to be something else now: that should never be. All 2 are good. ",
      verdict({ good = 2 }, { changes = changes }))
    assert.is_truthy(summary({ good = 2 }, { changes = changes }):find("<h2>Changes</h2>\n<p>1 change since", 1, true))
    assert.is_nil(summary({ good = 2 }):find("<h2>Changes</h2>", 1, true))
    assert.is_truthy(verdict({ good = 2 }, { changes = { missing = "why" } }):find("^good"))
  end)

  it("leaves out what is not known", function()
    local text = summary({}, { counters = { calls = 0, serials = 0, throttled = 0, retries = 0 } })
    assert.is_nil(text:find("Sources", 1, true))
    assert.is_nil(text:find("Serials a call", 1, true))
    assert.is_truthy(text:find("No time of a revocation is known.", 1, true))
    assert.is_truthy(text:find("No expiry is known.", 1, true))
  end)

  it("gives five reasons a colour each, the others one, and none its own", function()
    local revoked = months.new()
    for i, reason in ipairs { "a", "b", "c", "d", "e", "f", "g", page.NO_REASON } do
      for _ = i, 8 do
        revoked:add(1767323045, reason)
      end
    end
    local key = summary({ revoked = 36 }, nil, revoked):match('<ul class="key"><li><span class="dot r1">.-</ul>')
    local found = {}
    for css, name, count in key:gmatch('<span class="dot (r%d)"></span>([%a ]+) <b>(%d+)</b>') do
      found[#found + 1] = css .. " " .. name .. " " .. count
    end
    assert.same({ "r1 a 8", "r2 b 7", "r3 c 6", "r4 d 5", "r5 e 4", "r6 other reasons 5", "r7 reason not known 1" },
      found)
  end)

  it("has revoked ones in their own colour where no reason is known", function()
    local revoked = months.new()
    revoked:add(1767323045, page.NO_REASON)
    assert.is_truthy(summary({ revoked = 1 }, nil, revoked):find(
      '<span class="dot revoked"></span>reason not known <b>1</b>', 1, true))
  end)
end)
