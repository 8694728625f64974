--- table.lua - aligned columns for people. A column starts at its usual width and grows when a longer value
-- comes, so that no row waits for a later one.
local columns = require "certstat.report.columns"
local shown = require "certstat.report.shown"

local aligned = {}

local MOST = 120 -- bytes of one value that are shown

local COLORS = { -- ECMA-48 colours of the status words
  good = "\27[32m",
  revoked = "\27[31m",
  unknown = "\27[33m",
  absent = "\27[33m",
  conflict = "\27[35m",
  invalid = "\27[35m",
  error = "\27[35m",
}

-- how many columns a terminal gives `text`: UTF-8 continuation bytes take none
local function width_of(text)
  local _, continuation = text:gsub("[\128-\191]", "")
  return #text - continuation
end

function aligned.open(write, chosen, color)
  local visible = columns.titled(chosen)
  local widths = {}
  for i, column in ipairs(visible) do
    widths[i] = column.width
  end

  local function line(texts, status)
    local parts = {}
    for i, text in ipairs(texts) do
      local width = width_of(text)
      widths[i] = math.max(widths[i], width)
      local padding = (" "):rep(widths[i] - width)
      if status and visible[i].name == "status" and COLORS[status] then
        text = COLORS[status] .. text .. "\27[0m"
      end
      parts[i] = text .. padding
    end
    write((table.concat(parts, "  "):gsub(" +$", "")) .. "\n")
  end

  local report = {}
  local headed = false

  function report.row(row)
    if not headed then
      headed = true
      local titles = {}
      for i, column in ipairs(visible) do
        titles[i] = column.title
      end
      line(titles)
    end
    local texts = {}
    for i, column in ipairs(visible) do
      texts[i] = shown(columns.text(column, row) or (column.width > 0 and "-" or ""), MOST)
    end
    line(texts, color and row.status)
  end

  function report.finish()
  end

  return report
end

return aligned
