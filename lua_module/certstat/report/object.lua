--- object.lua - a row as one JSON object (RFC 8259) on a line, its members in the columns' order; what a row
-- does not have is null.
--
-- lua-cjson would give members in any order and pass bytes that are not UTF-8. Here those become U+FFFD, and
-- characters that change how a terminal shows the text (C1 controls, line separators, bidirectional controls)
-- are escaped.
local columns = require "certstat.report.columns"

local object = {}

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape_byte(byte)
  return SHORT[byte] or ("\\u%04x"):format(byte:byte())
end

-- first bytes of a UTF-8 sequence: how many follow, the bits it brings, the least code point of that length
-- (RFC 3629)
local function lead(byte)
  if byte >= 0xC2 and byte <= 0xDF then
    return 1, byte - 0xC0, 0x80
  elseif byte >= 0xE0 and byte <= 0xEF then
    return 2, byte - 0xE0, 0x800
  elseif byte >= 0xF0 and byte <= 0xF4 then
    return 3, byte - 0xF0, 0x10000
  end
end

-- The code point that begins at `at` and how many bytes it has; nil, 1 where the bytes are not UTF-8.
local function decode(text, at)
  local following, point, least = lead(text:byte(at))
  if not following then
    return nil, 1
  end
  for i = at + 1, at + following do
    local byte = text:byte(i)
    if not byte or byte < 0x80 or byte > 0xBF then
      return nil, 1
    end
    point = point * 64 + byte - 0x80
  end
  if point < least or point > 0x10FFFF or (point >= 0xD800 and point <= 0xDFFF) then
    return nil, 1
  end
  return point, following + 1
end

local function misleads(point)
  return point < 0xA0 or point == 0x61C or (point >= 0x200B and point <= 0x200F)
    or (point >= 0x2028 and point <= 0x202E) or (point >= 0x2060 and point <= 0x2069) or point == 0xFEFF
end

-- `run` holds bytes from 0x80 on only
local function escape_run(run)
  local parts, at = {}, 1
  while at <= #run do
    local point, length = decode(run, at)
    if not point then
      parts[#parts + 1] = "\\ufffd"
    elseif misleads(point) then
      parts[#parts + 1] = ("\\u%04x"):format(point)
    else
      parts[#parts + 1] = run:sub(at, at + length - 1)
    end
    at = at + length
  end
  return table.concat(parts)
end

-- `text` as a JSON string, with its quotes.
function object.string(text)
  text = text:gsub('[%z\1-\31\127"\\]', escape_byte):gsub("[\128-\255]+", escape_run)
  return '"' .. text .. '"'
end

-- `row` as a JSON object; `chosen` is an array of columns.
function object.encode(row, chosen)
  local members = {}
  for i, column in ipairs(chosen) do
    local text = columns.text(column, row)
    members[i] = object.string(column.name) .. ":" .. (text and object.string(text) or "null")
  end
  return "{" .. table.concat(members, ",") .. "}"
end

return object
