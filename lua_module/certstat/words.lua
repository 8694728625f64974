--- words.lua - numbers and times as people read them.
local words = {}

--- 1234567 -> "1,234,567"
function words.number(n)
  local digits = ("%.0f"):format(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (digits:gsub("^,", ""))
end

--- 1, "call" -> "1 call"; 2, "call" -> "2 calls"
function words.count(n, noun)
  return words.number(n) .. " " .. noun .. (n == 1 and "" or "s")
end

local UNITS = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } }

--- 2.13 -> "2.1 s"; 3725 -> "1 h 2 min": the two largest units
function words.duration(seconds)
  if seconds < 60 then
    local text = ("%.1f s"):format(seconds)
    if text ~= "60.0 s" then
      return text
    end
  end
  local rest = math.floor(seconds + 0.5)
  local parts = {}
  for _, unit in ipairs(UNITS) do
    local whole = math.floor(rest / unit[1])
    rest = rest - whole * unit[1]
    if whole > 0 or #parts == 1 then
      parts[#parts + 1] = ("%.0f %s"):format(whole, unit[2])
    end
    if #parts == 2 then
      break
    end
  end
  return table.concat(parts, " ")
end

--- 0.9084 -> "91 %"; 0.0021 -> "0.21 %": two digits that count
function words.percent(share)
  local hundredths = share * 100
  if hundredths < 0.01 and hundredths > 0 then
    return "under 0.01 %"
  end
  return (hundredths >= 10 and "%.0f %%" or "%.2g %%"):format(hundredths)
end

return words
