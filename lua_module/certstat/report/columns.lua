--- columns.lua - what a report's columns are called, and how a row's value becomes text.
--
-- A column is {name, time = true for unix seconds, item = true where the row's item may have it instead, title =
-- heading in a table, width = least width there}. A column without a title is not shown in tables, unless it was
-- chosen.
local columns = {}

columns.status = {
  { name = "serial", title = "SERIAL", width = 40 },
  { name = "key" },
  { name = "status", title = "STATUS", width = 7 },
  { name = "revoked_at", title = "REVOKED AT", width = 20, time = true },
  { name = "class" },
  { name = "code" },
  { name = "message", title = "NOTE", width = 0 },
}

-- what the service's own list says of a certificate; its status words are ISSUE and REVOKE
columns.certificate = {
  { name = "serial", title = "SERIAL", width = 40 },
  { name = "status", title = "STATUS", width = 7 },
  { name = "type", title = "TYPE", width = 6 },
  { name = "not_before", time = true },
  { name = "not_after", title = "NOT AFTER", width = 20, time = true },
  { name = "identifier" },
  { name = "subject", title = "SUBJECT", width = 0 },
}

-- how the answers about a certificate differ in two audits
columns.change = {
  { name = "change", title = "CHANGE", width = 9 },
  { name = "serial", title = "SERIAL", width = 40 },
  { name = "before", title = "BEFORE", width = 7 },
  { name = "after", title = "AFTER", width = 7 },
  { name = "revoked_at", title = "REVOKED AT", width = 20, time = true },
}

-- what may be chosen besides
local MORE = {
  [columns.status] = {
    { name = "source", item = true },
    { name = "checked_at", time = true, width = 20 },
    { name = "run" },
    { name = "identifier", item = true },
    { name = "type", item = true },
    { name = "subject", item = true },
    { name = "not_before", item = true, time = true, width = 20 },
    { name = "not_after", item = true, time = true, width = 20 },
  },
  [columns.certificate] = {},
  [columns.change] = {},
}

--- The names of all columns that may be chosen where `usual` (columns.status or columns.certificate) are the usual
-- ones.
function columns.names(usual)
  local names = {}
  for _, list in ipairs { usual, MORE[usual] } do
    for _, column in ipairs(list) do
      names[#names + 1] = column.name
    end
  end
  return names
end

local function find(usual, name)
  for _, list in ipairs { usual, MORE[usual] } do
    for _, column in ipairs(list) do
      if column.name == name then
        return column
      end
    end
  end
end

--- The columns that `text`, names with commas between, chooses; or nil and a message.
function columns.choose(text, usual)
  local chosen = {}
  for name in (text .. ","):gmatch("([^,]*),") do
    local column = find(usual, name)
    if not column then
      return nil, ("--columns: expected some of %s, found '%s'"):format(table.concat(columns.names(usual), ","), name)
    end
    chosen[#chosen + 1] = setmetatable({
      title = column.title or name:upper():gsub("_", " "), width = column.width or 0,
    }, { __index = column })
  end
  return chosen
end

--- Whether a column of that name is in a list.
function columns.has(list, name)
  for _, column in ipairs(list) do
    if column.name == name then
      return true
    end
  end
  return false
end

--- Those of a list that have a title, which are all that people are shown.
function columns.titled(list)
  local visible = {}
  for _, column in ipairs(list) do
    if column.title then
      visible[#visible + 1] = column
    end
  end
  return visible
end

-- The value of `column` in `row` as a string, or nil where the row has none. Times become ISO 8601, UTC.
function columns.text(column, row)
  local value = row[column.name]
  if value == nil and column.item and row.item then
    value = row.item[column.name]
  end
  if value == nil then
    return nil
  end
  if column.time and type(value) == "number" then
    return require("certstat.times").iso(value)
  end
  return tostring(value)
end

return columns
