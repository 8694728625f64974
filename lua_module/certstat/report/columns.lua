--- columns.lua - what a report's columns are called, and how a row's value becomes text.
--
-- A column is {name, time = true for unix seconds, title = heading in a table, width = least width there}. A
-- column without a title is not shown in tables.
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

-- The value of `column` in `row` as a string, or nil where the row has none. Times become ISO 8601, UTC.
function columns.text(column, row)
  local value = row[column.name]
  if value == nil then
    return nil
  end
  if column.time and type(value) == "number" then
    return require("certstat.times").iso(value)
  end
  return tostring(value)
end

return columns
