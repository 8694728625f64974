--- changed.lua - what has changed since the audit before, on the page.
local chart = require "certstat.report.html.chart"
local times = require "certstat.times"
local words = require "certstat.words"
local xml = require "certstat.report.xml"

local changed = {}

-- The kinds of certstat.changes, in the order of their weight, with the colour of each.
local KINDS = {
  { name = "unrevoked", css = "error" }, { name = "revoked", css = "revoked" }, { name = "vanished", css = "unknown" },
  { name = "new", css = "absent" }, { name = "known", css = "good" }, { name = "other", css = "invalid" },
}

local function rows_of(changes, kind)
  local rows = {}
  for _, one in ipairs(changes) do
    if one.kind == kind.name then
      rows[#rows + 1] = ('<tr><td><span class="dot %s">%s</span></td><td class="mono">%s</td><td>%s</td><td>%s</td>'
        .. '<td class="time">%s</td></tr>\n'):format(kind.css, kind.name, xml(one.key), xml(one.before or ""),
        xml(one.after or ""), one.revoked_at and times.iso(one.revoked_at) or "")
    end
  end
  return table.concat(rows)
end

local TABLE = [[
<div class="table"><table><thead><tr><th scope="col">Change</th><th scope="col">Key</th><th scope="col">Before</th>
<th scope="col">Now</th><th scope="col">Revoked at</th></tr></thead><tbody>
]]

local function sentence(changes, total)
  local what = total == 0 and "Nothing has changed" or words.count(total, "change")
  return ("<p>%s since run %s of %s.</p>\n"):format(what, words.number(changes.earlier.run),
    times.iso(changes.earlier.started))
end

--- changes: an array of {key =, before =, after =, kind =, revoked_at =}, with earlier = {run =, started =} and counts
-- = {[kind] =}, which may count more than the array has; or {missing = why there is none}.
function changed.text(changes)
  if changes.missing then
    return '<p class="soft">Not compared with an earlier audit: ' .. xml(changes.missing) .. ".</p>\n"
  end
  local parts, rows, total = {}, {}, 0
  for _, kind in ipairs(KINDS) do
    local count = changes.counts[kind.name]
    if count then
      total = total + count
      parts[#parts + 1] = { name = kind.name, css = kind.css, count = count }
      rows[#rows + 1] = rows_of(changes, kind)
    end
  end
  if total == 0 then
    return sentence(changes, total)
  end
  local more = total > #changes and '<p class="soft">Not all are shown; certstat changes has them.</p>\n' or ""
  return sentence(changes, total) .. chart.key(parts) .. TABLE .. table.concat(rows) .. "</tbody></table></div>\n"
    .. more
end

return changed
