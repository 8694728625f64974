--- chart.lua - counts as pictures (SVG), each with all its numbers as text for who can't see it.
local words = require "certstat.words"
local xml = require "certstat.report.xml"

local chart = {}

local WIDTH, HEIGHT = 560, 150 -- units of the picture's own
local TOP, FOOT = 16, 18       -- room for the numbers above the columns, and for the names below

--- One bar. parts: an array of {css = class, name =, count =}; those without a count are left out, and none that has
-- one is too thin to be seen.
function chart.bar(parts)
  local total, visible, said = 0, {}, {}
  for _, part in ipairs(parts) do
    if part.count > 0 then
      total = total + part.count
      visible[#visible + 1] = part
      said[#said + 1] = words.number(part.count) .. " " .. part.name
    end
  end
  local rects, x = {}, 0
  local free = WIDTH - 3 * #visible -- each has three units, and its share of the rest
  for i, part in ipairs(visible) do
    local width = 3 + free * part.count / total
    rects[i] = ('<rect class="%s" x="%.2f" width="%.2f" height="10"/>'):format(part.css, x, width)
    x = x + width
  end
  return ('<svg class="bar" viewBox="0 0 %d 10" preserveAspectRatio="none" role="img" aria-label="%s">%s</svg>\n')
    :format(WIDTH, xml(table.concat(said, ", ")), table.concat(rects))
end

-- 6388 -> "6.4k": two digits that count, as there is no room for more above a column.
local function short(n)
  for _, unit in ipairs { { 1e6, "M" }, { 1e3, "k" } } do
    if n >= unit[1] then
      return ((n / unit[1] < 10 and "%.1f" or "%.0f") .. unit[2]):format(n / unit[1])
    end
  end
  return ("%d"):format(n)
end

-- One column, from the ground up. Returns its picture, its total, and what it says.
local function column(one, series, x, width, scale)
  local parts, total, y = {}, 0, HEIGHT - FOOT
  for _, kind in ipairs(series) do
    local count = one.counts[kind.name] or 0
    if count > 0 then
      total = total + count
      local height = math.max(count * scale, 1)
      y = y - height
      parts[#parts + 1] = ('<rect class="%s" x="%.2f" y="%.2f" width="%.2f" height="%.2f"/>'):format(kind.css, x, y,
        width, height)
    end
  end
  if total > 0 then
    parts[#parts + 1] = ('<text class="value" x="%.2f" y="%.2f">%s</text>'):format(x + width / 2, y - 4,
      short(total))
  end
  return table.concat(parts), total
end

local function largest(list)
  local most = 1
  for _, one in ipairs(list) do
    local total = 0
    for _, count in pairs(one.counts) do
      total = total + count
    end
    most = math.max(most, total)
  end
  return most
end

-- "2026-01" is named by its month, and in January by its year.
local function label(name)
  local year, month = name:match("^(%d+)%-(%d+)$")
  return not year and name or month == "01" and year or month
end

--- Columns. list: an array of {name =, counts = {[kind] =}}; series: the kinds from the ground up, an array of {name =,
-- css = class}.
function chart.columns(list, series)
  local step = WIDTH / #list
  local scale = (HEIGHT - TOP - FOOT) / largest(list)
  local drawn, said = {}, {}
  for i, one in ipairs(list) do
    local x = (i - 1) * step
    local picture, total = column(one, series, x + step * 0.15, step * 0.7, scale)
    drawn[i] = picture .. ('<text x="%.2f" y="%d">%s</text>'):format(x + step / 2, HEIGHT - 4, label(one.name))
    if total > 0 then
      said[#said + 1] = one.name .. ": " .. words.number(total)
    end
  end
  local ground = HEIGHT - FOOT
  return ('<svg viewBox="0 0 %d %d" role="img" aria-label="%s"><line x2="%d" y1="%d" y2="%d"/>%s</svg>\n'):format(WIDTH,
    HEIGHT, table.concat(said, ", "), WIDTH, ground, ground, table.concat(drawn))
end

--- What the colours mean. parts: an array of {css =, name =, count =}.
function chart.key(parts)
  local items = {}
  for i, part in ipairs(parts) do
    items[i] = ('<li><span class="dot %s"></span>%s <b>%s</b></li>'):format(part.css, xml(part.name),
      words.number(part.count))
  end
  return '<ul class="key">' .. table.concat(items) .. "</ul>\n"
end

return chart
