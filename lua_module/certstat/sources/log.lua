--- log.lua - access logs of nginx, HAProxy and others: the serial numbers of the client certificates in them.
--
-- Where they stand, a field's name tells: name=value, name="value" or name:value in a line, or a member of the JSON
-- object that a line is. What clients can write (user agents, paths) stands in quotes in the usual formats; a name in
-- quotes is not the field. Or a pattern tells, for any other format.
local each_line = require "certstat.sources.each_line"
local ndjson = require "certstat.sources.ndjson"

local log = {}

-- Tokens of a line, tried in this order where one may begin.
local TOKENS = {
  '^([%w_.$-]+)[=:]%s?"([^"]*)"()',
  '^([%w_.$-]+)[=:]([^%s,;|"%]})]*)()',
  '^()()"[^"]*"()',      -- quoted text
  '^()()[%w_.$-]+()',    -- a word
  '^()()[^%w_.$"-]+()',  -- what is between
  '^()()".*()',          -- a quote without end
}

local function token_at(line, at)
  for _, pattern in ipairs(TOKENS) do
    local name, value, after = line:match(pattern, at)
    if after then
      return name, value, after
    end
  end
end

-- The value of the field in a line; nil and what is wrong.
local function named(line, field)
  if line:find("^%s*{") then
    return ndjson.value(line, field)
  end
  local at = line:find(field, 1, true) and 1 or #line + 1
  while at <= #line do
    local name, value, after = token_at(line, at)
    if name == field then
      return value
    end
    at = after
  end
  return nil, ("expected the field '%s', found none"):format(field)
end

-- find(line) → what the line says, which may be nothing; else as read of certstat.sources.each_line.
local function items(reader, name, find)
  return each_line(reader, name, function(line)
    local serial, message = find(line)
    if not serial then
      return serial, message
    end
    local is_shown = serial ~= "" and serial ~= "-" -- both: the client had no certificate
    return is_shown and { serial = serial } or nil
  end)
end

--- The field of that name of each line. A line without it is bad; one in which it is empty or `-` is passed over, as
-- its client had no certificate. reader, name and result as in certstat.sources.each_line.
function log.items(reader, name, field)
  return items(reader, name, function(line)
    if line:find("%S") then
      return named(line, field)
    end
  end)
end

--- What a Lua pattern captures, or all that it matches; lines without a match are passed over. A pattern that is none
-- ends the iterator, with nil and a message.
function log.matches(reader, name, pattern)
  return items(reader, name, function(line)
    local fine, found = pcall(string.match, line, pattern)
    if not fine then
      return false, ("the pattern '%s' is none: %s"):format(pattern, found)
    elseif type(found) == "number" then
      return false, ("the pattern '%s' captures a position, not text"):format(pattern)
    end
    return found
  end)
end

return log
