--- html - a run as a page for people: one file that loads nothing, with every row in it.
--
-- Rows are written as they come, as JSON in an element that nobody runs or shows; what they come to follows them, so
-- that nothing of a run is held here but counts.
local columns = require "certstat.report.columns"
local months = require "certstat.report.html.months"
local object = require "certstat.report.object"
local page = require "certstat.report.html.page"
local shown = require "certstat.report.shown"
local statuses = require "certstat.report.statuses"

local html = {}

-- Of a revocation (RFC 5280 5.3.1), as openssl ca writes them; others are counted together.
local REASONS = {
  unspecified = true, keyCompromise = true, CACompromise = true, affiliationChanged = true, superseded = true,
  cessationOfOperation = true, certificateHold = true, removeFromCRL = true, privilegeWithdrawn = true,
  AACompromise = true, holdInstruction = true, keyTime = true, CAkeyTime = true,
}

local index_of = {}
for i, status in ipairs(statuses) do
  index_of[status.name] = i - 1
end

-- Outside text as JSON that can't end the element it is in (HTML, 13.2.5.4 on: all that could begins with <).
local function json(text)
  return text and (object.string(shown(text)):gsub("<", "\\u003c")) or "null"
end

local function note(row)
  local kind = row.class and (row.code and row.class .. " " .. row.code or row.class)
  return kind and row.message and kind .. ": " .. row.message or kind or row.message
end

-- A column's value, from the row or from its item.
local function value(row, name)
  local found = row[name]
  if found == nil and row.item then
    return row.item[name]
  end
  return found
end

-- The row as the page's script expects it: what is missing at its end is left out.
local function encoded(row)
  local item = row.item or {}
  local fields = {
    index_of[row.status], json(row.serial), json(row.key ~= row.serial:lower() and row.key or nil),
    row.revoked_at or "null", json(row.status == "revoked" and item.reason or nil), value(row, "not_after") or "null",
    json(value(row, "subject")), json(columns.text({ name = "source", item = true }, row) or item.identifier),
    json(note(row)),
  }
  while fields[#fields] == "null" do
    fields[#fields] = nil
  end
  return "[" .. table.concat(fields, ",") .. "]"
end

function html.open(write)
  write(page.HEAD)

  local report = {}
  local before, revoked, expiries = "", months.new(), months.new()

  function report.row(row)
    write(before .. encoded(row))
    before = ",\n"
    if row.status == "revoked" and row.revoked_at then
      local reason = (row.item or {}).reason
      revoked:add(row.revoked_at, REASONS[reason] and reason or reason and "another reason" or page.NO_REASON)
    elseif row.status == "good" and value(row, "not_after") then
      expiries:add(value(row, "not_after"), "expiry")
    end
  end

  --- facts: as for other formats, and what may be missing: asked = {from =, endpoint =, account =, run =}, texts and
  -- the run's number in the ledger; changes = what it differs by from the run before, see html/changed.lua.
  function report.finish(facts)
    write(page.ROWS_END .. page.summary(facts, revoked, expiries))
  end

  return report
end

return html
