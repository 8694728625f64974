--- In which forms the service understands a serial number.
local row = require "certstat.command.doctor.row"

local M = {}

-- Each makes of a key another form of it; nil where it has none. certstat itself sends the first.
local FORMS = {
  { "lower case", function(key) return key end },
  { "upper case", function(key) return key:find("%l") and key:upper() end },
  { "no leading zero", function(key) return key:find("^0") and key:sub(2) end },
  { "one more zero pair", function(key) return #key < 40 and "00" .. key end },
  { "colons", function(key) return #key > 2 and key:gsub("..", "%0:"):sub(1, -2) end },
}

-- Serials that begin with zero are rare: that form gets one first.
local CHOICE = { FORMS[3], FORMS[1], FORMS[2], FORMS[4], FORMS[5] }

-- A known serial for each form that one can show, none twice: entries {name, key, wire, status}.
local function choose(known, answers)
  local chosen, taken = {}, {}
  for _, form in ipairs(CHOICE) do
    for _, entry in ipairs(known) do
      local answer = answers[entry.key]
      local is_plain = answer and (answer.status == "good" or answer.status == "revoked")
      local wire = is_plain and not taken[entry.key] and form[2](entry.key)
      if wire then
        taken[entry.key] = true
        chosen[#chosen + 1] = { name = form[1], key = entry.key, wire = wire, status = answer.status }
        break
      end
    end
  end
  return chosen
end

-- Asks for these together, and notes of each whether it was understood; returns false where the call was refused, nil
-- where nothing is known.
local function ask(budget, chosen, understood)
  local wires = {}
  for i, one in ipairs(chosen) do wires[i] = one.wire end
  local answers, refused = budget:status(wires)
  if not answers then
    if refused then return false end
    return nil
  end
  for _, one in ipairs(chosen) do
    local answer = answers[one.key]
    understood[one.name] = answer ~= nil and answer.status == one.status
  end
  return true
end

-- All together; else without the last, the one likeliest to be refused; else one by one.
local function ask_all(budget, chosen)
  local understood = {}
  local asked = ask(budget, chosen, understood)
  if asked ~= false then return understood end
  local last = table.remove(chosen)
  asked = ask(budget, chosen, understood)
  if asked then
    understood[last.name] = false
    return understood
  end
  chosen[#chosen + 1] = last
  for _, one in ipairs(chosen) do
    if asked ~= nil then
      asked = ask(budget, { one }, understood)
      if asked == false then understood[one.name] = false end
    end
  end
  return understood
end

-- The names of the forms of which this is known.
local function names(understood, what)
  local found = {}
  for _, form in ipairs(FORMS) do
    if understood[form[1]] == what then found[#found + 1] = form[1] end
  end
  return #found > 0 and table.concat(found, ", ") or "none"
end

--- row(budget, known, answers) → a row. known: entries of a sample; answers: what the service says of them.
function M.row(budget, known, answers)
  local chosen = choose(known, answers)
  if #chosen == 0 then return row("serials", "skipped", "no serial is known to be good or revoked") end
  local understood = ask_all(budget, chosen)
  if next(understood) == nil then
    return row("serials", "skipped", budget.stopped or "there are no calls left")
  end
  local text = ("understood: %s; not understood: %s; not tried: %s"):format(names(understood, true),
    names(understood, false), names(understood, nil))
  if understood["lower case"] == false then
    return row("serials", "failed", text .. "; certstat asks in lower case, but for what the service itself lists",
      "protocol")
  end
  return row("serials", "ok", text .. "; certstat asks in lower case")
end

return M
