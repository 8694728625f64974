--- separated.lua - CSV (RFC 4180) and TSV with a header, which names the column that has the serial numbers.
local bad = require "certstat.sources.bad"
local lines = require "certstat.sources.lines"

local separated = {}

-- A quoted field of `text`, which goes on at `at`: its text, and where it ends; nil, nil where it does not end here.
local function quoted(text, at)
  local close = at
  while true do
    close = text:find('"', close, true)
    if not close then
      return nil
    elseif text:sub(close + 1, close + 1) ~= '"' then
      return text:sub(at, close - 1):gsub('""', '"'), close + 1
    end
    close = close + 2
  end
end

-- Takes the fields of a line into record.fields; record.open has the lines of a quoted field that is not at its end.
-- Returns nil, or what is wrong.
local function take(record, line)
  local at = 1
  repeat
    local field, after
    if record.open or line:sub(at, at) == '"' then
      local from = record.open and at or at + 1
      field, after = quoted(line, from)
      record.open = record.open or {}
      table.insert(record.open, field or line:sub(from))
      if not field then
        return nil
      end
      field, record.open = table.concat(record.open, "\n"), nil
    else
      after = line:find(",", at, true) or #line + 1
      field = line:sub(at, after - 1)
      if field:find('"', 1, true) then
        return "there is a quote within a field that does not begin with one"
      end
    end
    table.insert(record.fields, field)
    if after <= #line and line:sub(after, after) ~= "," then
      return "there is something between a closing quote and the comma"
    end
    at = after + 1
  until after > #line
end

-- The fields of the next CSV record, and the number of its first line; nil, number, message where it is bad; nil at the
-- end, nil, nil, message where reading failed.
local function csv_record(reader)
  local record, size, first = { fields = {} }, 0, nil
  repeat
    local line, message = reader:next()
    first = first or reader.number
    if not line and record.open then
      return nil, first, message or "a quoted field has no end"
    elseif not line then
      return nil, nil, message
    end
    size = size + #line
    if size > lines.MOST then
      message = ("longer than %d bytes"):format(lines.MOST)
    end
    message = message or take(record, line)
    if message then
      return nil, first, message
    end
  until not record.open
  return record.fields, first
end

local function tsv_record(reader)
  local line, message = reader:next()
  if not line then
    return nil, nil, message
  elseif message then
    return nil, reader.number, message
  end
  local fields = {}
  for field in (line .. "\t"):gmatch("([^\t]*)\t") do
    fields[#fields + 1] = field
  end
  return fields, reader.number
end

local function position_of(header, column)
  for i, name in ipairs(header) do
    if name == column then
      return i
    end
  end
end

-- Reads the header: where the column is in it; nil and a message.
local function find_column(next_record, reader, name, column)
  local header, number, message = next_record(reader)
  if not header then
    return nil, (message and number) and name .. ":" .. number .. ": " .. message or message
  end
  local position = position_of(header, column)
  if not position then
    local names = table.concat(header, ", "):sub(1, 200)
    return nil, ("%s: expected a column '%s', found %s"):format(name, column, names)
  end
  return position
end

local function items(next_record, reader, name, column)
  local position
  return function()
    if not position then
      local message
      position, message = find_column(next_record, reader, name, column)
      if not position then
        return nil, message
      end
    end
    while true do
      local fields, number, message = next_record(reader)
      if not fields and not number then
        return nil, message
      end
      local source = name .. ":" .. number
      if not fields then
        return bad(source, message)
      elseif #fields > 1 or fields[1] ~= "" then -- not a blank line
        return fields[position] and { serial = fields[position], source = source }
          or bad(source, ("expected at least %d fields, found %d"):format(position, #fields))
      end
    end
  end
end

--- reader, name and result as in certstat.sources.each_line, the source of an item being the line that its record
-- begins on. column: the serial numbers' name in the header. Where the header has no such column the iterator ends at
-- once, with nil and a message.
function separated.csv(reader, name, column)
  return items(csv_record, reader, name, column)
end

--- The same with a tab between fields, and no quotes.
function separated.tsv(reader, name, column)
  return items(tsv_record, reader, name, column)
end

return separated
