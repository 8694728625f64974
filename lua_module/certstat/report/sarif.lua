--- sarif.lua - SARIF 2.1.0 (OASIS), as code scanners and their viewers read it: a result for each row that is not good,
-- and what the run came to. A rule is a status.
local columns = require "certstat.report.columns"
local object = require "certstat.report.object"
local statuses = require "certstat.report.statuses"
local times = require "certstat.times"
local version = require "certstat.version"

local sarif = {}

local text = object.string

local HEAD = [[
{"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
"version":"2.1.0","runs":[{"tool":{"driver":{"name":"certstat","version":%s,"rules":[%s]}},
"results":[]]

local index_of = {}

local function rules()
  local list = {}
  for i, status in ipairs(statuses) do
    index_of[status.name] = i - 1
    list[i] = ('{"id":%s,"shortDescription":{"text":%s},"defaultConfiguration":{"level":%s}}'):format(
      text(status.name), text(status.meaning), text(status.level))
  end
  return table.concat(list, ",")
end
local RULES = rules()

-- A path as a relative or a file URI (RFC 3986 2.3, 4.2; RFC 8089).
local function uri(path)
  local escaped = path:gsub("[^%w%-._~/]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end)
  return (escaped:find("^/") and "file://" or "") .. escaped
end

-- Where a row's serial number was found: the line of a file, if it was one; and the serial number itself.
local function location(row)
  local source = columns.text({ name = "source", item = true }, row) or ""
  local path, line = source:match("^(.+):([1-9]%d*)$")
  local physical = ""
  if path and path ~= "-" then
    physical = ('"physicalLocation":{"artifactLocation":{"uri":%s},"region":{"startLine":%s}},'):format(
      text(uri(path)), line)
  end
  return ('{%s"logicalLocations":[{"name":%s,"kind":"certificate"}]}'):format(physical, text(row.serial))
end

local function message(row)
  local said = row.serial .. ": " .. row.status
  if row.revoked_at then
    return said .. " since " .. times.iso(row.revoked_at)
  end
  return row.message and said .. ", " .. row.message or said
end

local function result(row, chosen)
  local index = index_of[row.status]
  return ('{"ruleId":%s,"ruleIndex":%d,"level":%s,"message":{"text":%s},"locations":[%s],%s"properties":%s}'):format(
    text(row.status), index, text(statuses[index + 1].level), text(message(row)), location(row),
    row.key and ('"partialFingerprints":{"serial/v1":%s},'):format(text(row.key)) or "",
    object.encode(row, chosen))
end

-- A tool that got no answer for something has not succeeded (3.20.14).
local function invocation(facts)
  local succeeded = facts.whole and facts.counts.error == 0
  return ('{"executionSuccessful":%s,"startTimeUtc":%s,"endTimeUtc":%s,"toolExecutionNotifications":[%s]}'):format(
    tostring(succeeded), text(times.iso(facts.ended - facts.seconds)), text(times.iso(facts.ended)),
    facts.whole and "" or '{"level":"error","message":{"text":"the run was cut short: results are missing"}}')
end

local function counted(counts)
  local members = {}
  for i, status in ipairs(statuses) do
    members[i] = ("%s:%d"):format(text(status.name), counts[status.name])
  end
  return table.concat(members, ",")
end

function sarif.open(write, chosen)
  write(HEAD:format(text(version), RULES))

  local report = {}
  local before = "\n"

  function report.row(row)
    if row.status ~= "good" then
      write(before .. result(row, chosen))
      before = ",\n"
    end
  end

  function report.finish(facts)
    write(('],\n"invocations":[%s],"properties":{"certificates":{%s}}}]}\n'):format(invocation(facts),
      counted(facts.counts)))
  end

  return report
end

return sarif
