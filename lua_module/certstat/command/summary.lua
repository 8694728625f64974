--- summary.lua - what a run came to, in two lines for people.
local words = require "certstat.words"

local summary = {}

--- "5 serials: 3 good, 2 revoked": noun is what is counted, counts[name] how many, names their order.
function summary.rows(noun, counts, names)
  local total, parts = 0, {}
  for _, name in ipairs(names) do
    local count = counts[name] or 0
    total = total + count
    if count > 0 then
      parts[#parts + 1] = words.number(count) .. " " .. name
    end
  end
  return words.count(total, noun) .. (total > 0 and ": " .. table.concat(parts, ", ") or "") .. "\n"
end

--- What it cost. counters: what client:counters() gives; asked: {calls =, serials =} of the calls that asked about
-- serials; seconds: how long it took.
function summary.calls(counters, asked, seconds)
  local parts = { words.count(counters.calls, "call") }
  if asked.calls > 0 then
    local others = asked.calls < counters.calls
    parts[#parts + 1] = ("%s%.1f serials a call"):format(
      others and words.number(asked.calls) .. " of them with " or "", asked.serials / asked.calls)
  end
  parts[#parts + 1] = words.number(counters.throttled) .. " throttled"
  parts[#parts + 1] = words.number(counters.retries) .. (counters.retries == 1 and " retry" or " retries")
  parts[#parts + 1] = words.duration(seconds)
  return table.concat(parts, ", ") .. "\n"
end

return summary
