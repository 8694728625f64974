--- One fault of a scenario, checked: its kind, what the kind needs, and which calls it is for.
local json = require("cjson").new()

local M = {}

-- ---- what a field may hold: each returns the value; or nil and what was expected ----

local function whole(least, most)
  return function(value)
    if type(value) == "number" and value % 1 == 0 and value >= least and value <= most then return value end
    return nil, ("a whole number from %.0f to %.0f"):format(least, most)
  end
end

local function number(least, most)
  return function(value)
    if type(value) == "number" and value >= least and value <= most then return value end
    return nil, ("a number from %.0f to %.0f"):format(least, most)
  end
end

-- What may stand in a header, so without control bytes.
local function words(value)
  if type(value) == "string" and value:find("^[^%c]+$") and #value <= 1000 then return value end
  return nil, "a string of 1 to 1000 bytes without control characters"
end

local function body(value)
  if type(value) == "string" then return value end
  return nil, "a string"
end

-- As text, since null has no value in Lua.
local function any(value) return json.encode(value) end

local function pair(value, least)
  return type(value) == "table" and #value == 2 and type(value[1]) == "number" and type(value[2]) == "number"
    and value[1] >= 0 and value[2] >= least
end

local function distribution(value)
  if number(0, 600000)(value) then return value end
  if type(value) == "table" and (pair(value.uniform, 0) or number(0, 600000)(value.exponential)
    or pair(value.lognormal, 0)) then
    return value
  end
  return nil, 'milliseconds, or one of {"uniform":[LEAST,MOST]}, {"exponential":MEAN}, {"lognormal":[MEDIAN,SIGMA]}'
end

-- "1,3-5,9-" → {{1, 1}, {3, 5}, {9, infinity}}
local function ranges(value)
  local found = {}
  for part in (type(value) == "string" and value or ""):gmatch("[^,]+") do
    local first, dash, last = part:match("^(%d+)(%-?)(%d*)$")
    if not first or dash == "" and last ~= "" then
      found = {}
      break
    end
    found[#found + 1] = { tonumber(first), dash == "" and tonumber(first) or tonumber(last) or math.huge }
  end
  if #found > 0 then return found end
  return nil, 'numbers of calls as in "1,3-5,9-"'
end

-- ---- the kinds: their fields, as {check, value where it is absent}; `needed` must be there ----

local needed = {}
local OPTIONAL_BYTES = { whole(0, 16777216) }

local KINDS = {
  latency = { ms = { distribution, needed } },
  error = {
    status = { whole(400, 599), 503 }, code = { words, "ServiceUnavailable" },
    message = { words, "The request has failed due to a temporary failure of the server." },
  },
  text = { text = { body, needed }, type = { words, "text/html" }, status = { whole(200, 599), 200 } },
  redirect = { location = { words, needed } },
  date = { offset_s = { whole(-1000000000, 1000000000), needed } },
  field = { name = { words, needed }, value = { any, needed } },
  duplicate = {}, missing = {}, reordered = {}, contradicting = {}, foreign = {},
  truncated = { bytes = { whole(0, 16777216), 40 } },
  endless = {},
  drip = { bytes = { whole(1, 16777216), 1 }, every_ms = { whole(1, 600000), 100 } },
  reset = { after_bytes = OPTIONAL_BYTES }, close = { after_bytes = OPTIONAL_BYTES }, close_kept = {},
  wrong_name = {}, expired = {}, self_signed = {}, stalled_handshake = {},
}

-- Those of a TLS handshake, where nothing is known of a call yet.
local HANDSHAKE = { wrong_name = true, expired = true, self_signed = true, stalled_handshake = true }

local SELECTORS = {
  calls = { ranges }, probability = { number(0, 1) }, from_s = { number(0, 1000000000) },
  to_s = { number(0, 1000000000) },
}
local OF_CALLS = { action = { words }, access_key_id = { words } }

--- The kinds there are, by their names.
M.kinds = KINDS

--- read(given) → rule; or nil, message. given: a decoded object of the scenario.
-- rule: {kind =, handshake = whether it is one of a handshake's, given =, and its fields}.
function M.read(given)
  if type(given) ~= "table" then return nil, "expected an object" end
  local fields = KINDS[given.fault]
  if not fields then
    return nil, ("expected the kind of fault in 'fault', found %s"):format(
      type(given.fault) == "string" and "'" .. given.fault .. "'" or "a " .. type(given.fault))
  end
  local rule = { kind = given.fault, handshake = HANDSHAKE[given.fault] or false, given = given }
  local known = { fields, SELECTORS, not rule.handshake and OF_CALLS or {} }
  local taken = { fault = true }
  for _, set in ipairs(known) do
    for name, field in pairs(set) do
      taken[name] = true
      local value = given[name]
      if value ~= nil then
        local expected
        value, expected = field[1](value)
        if value == nil then return nil, ("%s: '%s': expected %s"):format(rule.kind, name, expected) end
      elseif field[2] == needed then
        return nil, ("%s: it needs '%s'"):format(rule.kind, name)
      else
        value = field[2]
      end
      rule[name] = value
    end
  end
  for name in pairs(given) do
    if not taken[name] then return nil, ("%s: it has no '%s'"):format(rule.kind, tostring(name)) end
  end
  return rule
end

return M
