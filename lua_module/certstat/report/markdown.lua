--- markdown.lua - a table of GitHub Flavored Markdown (its spec, 4.10): for an issue, a wiki, a merge request.
--
-- Outside text stands in code spans, in which nothing is a link, a tag, a mention or an emoji.
local columns = require "certstat.report.columns"
local shown = require "certstat.report.shown"

local markdown = {}

-- `text` between more backticks than it has in a row, and away from a backtick or blank of its own that would be taken
-- for the span's (CommonMark 0.30, 6.1). A bar would end the cell, in a code span too.
local function code_span(text)
  local longest = 0
  for run in text:gmatch("`+") do
    longest = math.max(longest, #run)
  end
  local fence = ("`"):rep(longest + 1)
  if text:find("^`") or text:find("`$") or text:find("^ .* $") and text:find("[^ ]") then
    text = " " .. text .. " "
  end
  return fence .. text:gsub("|", "\\|") .. fence
end

local function cell(column, row)
  local text = columns.text(column, row)
  if not text or text == "" then
    return ""
  elseif column.time or text:find("^%w[%w ,-]*$") and not text:find(" $") then
    return text
  end
  return code_span(shown(text))
end

function markdown.open(write, chosen)
  local visible = columns.titled(chosen)

  local function line(cells)
    write("| " .. table.concat(cells, " | ") .. " |\n")
  end

  local titles, rules = {}, {}
  for i, column in ipairs(visible) do
    titles[i], rules[i] = column.title, "---"
  end
  line(titles)
  line(rules)

  local report = {}

  function report.row(row)
    local cells = {}
    for i, column in ipairs(visible) do
      cells[i] = cell(column, row)
    end
    line(cells)
  end

  function report.finish(facts)
    if not facts.whole then
      write("\n**The run was cut short: rows are missing.**\n")
    end
  end

  return report
end

return markdown
