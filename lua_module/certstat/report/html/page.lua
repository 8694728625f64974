--- page.lua - the page around the rows.
local changed = require "certstat.report.html.changed"
local chart = require "certstat.report.html.chart"
local months = require "certstat.report.html.months"
local script = require "certstat.report.html.script"
local statuses = require "certstat.report.statuses"
local style = require "certstat.report.html.style"
local times = require "certstat.times"
local version = require "certstat.version"
local words = require "certstat.words"
local xml = require "certstat.report.xml"

local page = {}

-- Nothing is loaded, nothing is sent, and nothing runs but the script below, by its hash (CSP Level 3).
page.HEAD = ([[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-%s';
 script-src 'sha256-%s'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>certstat audit</title>
<style>%s</style>
</head>
<body>
<script type="application/json" id="rows">[
]]):format(style.hash, script.hash, style.text)

page.ROWS_END = "\n]</script>\n"

--- Where the reason of a revocation is not known.
page.NO_REASON = "reason not known"

local ROWS = [[
<section class="rows" aria-labelledby="rows-title">
<h2 id="rows-title">Rows</h2>
<div class="tools screen">
<label>Search serial numbers, subjects, notes <input type="search" id="search" autocomplete="off"></label>
<fieldset><legend>Show</legend>%s</fieldset>
</div>
<noscript><p>A script of this page shows the rows; nothing else needs it.</p></noscript>
<div class="table" role="region" aria-labelledby="rows-title" tabindex="0">
<table id="table"><thead><tr></tr></thead><tbody></tbody></table>
</div>
<div class="pages"><span id="range" role="status"></span>
<button type="button" class="screen" id="first">First</button>
<button type="button" class="screen" id="previous">Previous</button>
<button type="button" class="screen" id="next">Next</button>
<button type="button" class="screen" id="last">Last</button></div>
<p class="printed soft">Only the rows above are printed; the file itself has all of them.</p>
</section>
]]

local function list(pairs_of)
  local items = {}
  for _, pair in ipairs(pairs_of) do
    if pair[2] then
      items[#items + 1] = ("<dt>%s</dt><dd>%s</dd>"):format(pair[1], xml(pair[2]))
    end
  end
  return "<dl>" .. table.concat(items, "\n") .. "</dl>\n"
end

local function section(title, ...)
  return "<section>\n<h2>" .. title .. "</h2>\n" .. table.concat({ ... }) .. "</section>\n"
end

local function total_of(counts)
  local total = 0
  for _, status in ipairs(statuses) do
    total = total + counts[status.name]
  end
  return total
end

-- "1 of 3 rows is revoked."
local function sentence(count, total, one, many, predicate)
  return ("%s of %s %s %s."):format(words.number(count), words.count(total, "row"), count == 1 and one or many,
    predicate)
end

-- What the run comes to: a class and lines, the gravest first.
local function verdict(facts)
  local counts, total = facts.counts, total_of(facts.counts)
  local unclear = counts.unknown + counts.absent + counts.conflict + counts.invalid
  local css, lines = nil, {}
  local function add(class, line)
    css = css or class
    lines[#lines + 1] = "<p>" .. line .. "</p>"
  end
  local unrevoked = facts.changes and facts.changes.counts and facts.changes.counts.unrevoked
  if unrevoked then
    add("error", words.number(unrevoked) .. " revoked before, and said to be something else now: that should never be.")
  end
  if not facts.whole then
    add("error", "The run was cut short: rows are missing.")
  end
  if counts.error > 0 then
    add("error", sentence(counts.error, total, "has", "have", "no answer"))
  end
  if counts.revoked > 0 then
    add("revoked", sentence(counts.revoked, total, "is", "are", "revoked"))
  end
  if unclear > 0 then
    add("unclear", sentence(unclear, total, "is", "are", "unknown, absent, in conflict or invalid"))
  end
  if total == 0 and facts.whole then
    add("unclear", "Nothing was asked.")
  elseif counts.good == total and facts.whole then
    add("good", total == 1 and "The one certificate is good." or "All " .. words.number(total) .. " are good.")
  end
  return ('<div class="verdict %s">%s</div>\n'):format(css, table.concat(lines))
end

local function header(facts)
  return '<header><div><h1>certstat audit</h1><p class="soft">' .. times.iso(facts.ended) .. "</p></div>"
    .. '<button type="button" class="screen" id="theme" aria-pressed="false">Dark</button></header>\n'
end

local function outcomes(counts)
  local parts = {}
  for i, status in ipairs(statuses) do
    parts[i] = { css = status.name, name = status.name, count = counts[status.name] }
  end
  return section("Outcomes", chart.bar(parts), chart.key(parts))
end

local function run(facts)
  local asked = facts.asked or {}
  return section("Asked", list {
    { "Sources", asked.from }, { "Service", asked.endpoint }, { "Account", asked.account },
    { "Rows", words.number(total_of(facts.counts)) },
    { "Began", times.iso(facts.ended - facts.seconds) }, { "Took", words.duration(facts.seconds) },
    { "Run in the ledger", asked.run and words.number(asked.run) },
  })
end

local function quota(facts)
  local counters, seconds = facts.counters, math.max(facts.seconds, 1)
  return section("Quota", list {
    { "Calls", ("%s, retries included"):format(words.number(counters.calls)) },
    { "Rate", ("%.3g a second; the quota allows %d"):format(counters.calls / seconds, facts.qps) },
    { "Share", words.percent(counters.calls / (facts.qps * seconds)) .. " of the quota in that time" },
    { "Serials a call", counters.calls > 0 and ("%.1f"):format(counters.serials / counters.calls) },
    { "Throttled", words.number(counters.throttled) }, { "Retries", words.number(counters.retries) },
  })
end

local REASONS = 5 -- that have a colour each; the others share one

-- The reasons of `counted` as series for a chart, from the ground up, and what its key says of them.
local function reasons_of(counted)
  local series, key, others = {}, {}, 0
  for _, kind in ipairs(counted:kinds()) do
    if kind ~= page.NO_REASON then
      local one = { name = kind, css = "r" .. math.min(#series + 1, REASONS + 1), count = counted.by_kind[kind] }
      series[#series + 1] = one
      if #series <= REASONS then
        key[#series] = one
      else
        others = others + one.count
      end
    end
  end
  if others > 0 then
    key[#key + 1] = { name = "other reasons", css = "r" .. REASONS + 1, count = others }
  end
  local none = counted.by_kind[page.NO_REASON]
  if none then
    key[#key + 1] = { name = page.NO_REASON, css = #series == 0 and "revoked" or "r" .. REASONS + 2, count = none }
    series[#series + 1] = key[#key]
  end
  return series, key
end

local function revocations(counted, facts)
  if counted.total == 0 then
    return section("Revocations by month", '<p class="soft">No time of a revocation is known.</p>\n')
  end
  local series, key = reasons_of(counted)
  local by_month = counted:list(months.of(facts.ended), -1)
  return section("Revocations by month", chart.columns(by_month, series), chart.key(key))
end

local function expiry(counted, facts)
  if counted.total == 0 then
    return section("Expiry of good ones by month", '<p class="soft">No expiry is known.</p>\n')
  end
  local all = { { name = "expiry", css = "good", count = counted.total } }
  return section("Expiry of good ones by month", chart.columns(counted:list(months.of(facts.ended), 1), all),
    ('<p class="soft">The expiry of %s is known.</p>\n'):format(words.number(counted.total)))
end

local function boxes(counts)
  local labels = {}
  for i, status in ipairs(statuses) do
    labels[i] = ('<label><input type="checkbox" name="status" value="%s" checked><span class="dot %s">%s %s</span>'
      .. "</label>"):format(status.name, status.name, status.name, words.number(counts[status.name]))
  end
  return table.concat(labels, "\n")
end

--- Everything behind the rows. revoked, expiries: months, of the rows.
function page.summary(facts, revoked, expiries)
  return table.concat {
    header(facts), "<main>\n", verdict(facts), outcomes(facts.counts),
    '<div class="pair">\n', run(facts), quota(facts), revocations(revoked, facts), expiry(expiries, facts), "</div>\n",
    facts.changes and section("Changes", changed.text(facts.changes)) or "",
    (ROWS:gsub("%%s", function() return boxes(facts.counts) end)), "</main>\n",
    "<footer>certstat ", version, "</footer>\n<script>", script.text, "</script>\n</body>\n</html>\n",
  }
end

return page
