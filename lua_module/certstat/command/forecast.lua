--- forecast.lua - what asking costs, told before any of it is spent: calls, time, the share of the quota.
local batches = require "certstat.batch"
local exit_codes = require "certstat.command.exit_codes"
local home = require "certstat.home"
local input = require "certstat.command.input"
local rehearsal = require "certstat.rehearsal"
local shown = require "certstat.report.shown"
local words = require "certstat.words"

local forecast = {}

local BATCH, QPS, GUARD_S = 50, 10, 0.1 -- where nothing is said, as of certstat.client

--- What `asking` calls cost that ask about serials, besides `reading` ones that read lists, where at most `qps` calls
-- may start in any 1 + guard seconds: {calls = of both, seconds = from the first one's start to the last one's, rate =
-- calls a second in the long run, cycle = seconds to make those that ask once, again and again}.
function forecast.of(asking, reading, qps, guard)
  local calls, window = asking + reading, 1 + guard
  return {
    calls = calls,
    seconds = math.floor(math.max(calls - 1, 0) / qps) * window,
    rate = qps / window,
    cycle = asking * window / qps,
  }
end

local function write(environment, rows)
  for _, row in ipairs(rows) do
    environment.stdout:write(("%-9s  %s\n"):format(row[1], row[2]))
  end
end

local function calls_line(asking, reading, batch)
  local size = words.count(batch, "serial") .. " at most"
  if batches.most(batch) < batch then
    size = size .. ", or of what a URL holds"
  end
  if reading == 0 then
    return ("%s, of %s"):format(words.number(asking), size)
  end
  return ("%s: %s that read lists, and %s of %s"):format(words.number(asking + reading), words.number(reading),
    words.number(asking), size)
end

-- Adds to `rows` what so many calls cost.
local function add_cost(rows, arguments, asking, reading, guard)
  local batch, qps = arguments.batch or BATCH, arguments.qps or QPS
  local cost = forecast.of(asking, reading, qps, guard)
  local function share(seconds)
    return words.percent(cost.calls / (qps * seconds))
  end
  rows[#rows + 1] = { "calls", calls_line(asking, reading, batch) }
  rows[#rows + 1] = { "time", ("%s, at %.3g calls a second (%d in any second, and %.0f ms of guard)"):format(
    words.duration(cost.seconds), cost.rate, qps, guard * 1000) }
  rows[#rows + 1] = { "quota", ("%s of the account's while it runs, %s of an hour's, %s of a day's"):format(
    words.percent(math.min(cost.rate, cost.calls) / qps), share(3600), share(86400)) }
  rows[#rows + 1] = { "freshness", ("%s at best, for a gate that has the whole quota"):format(
    words.duration(cost.cycle)) }
end

-- Calls that ask about so many serials of which nothing else is known.
local function calls_for(serials, arguments)
  return math.ceil(serials / batches.most(arguments.batch or BATCH))
end

local function guard_said(arguments)
  return arguments.guard and arguments.guard / 1000 or GUARD_S
end

--- Writes what so many serials cost. Returns the exit code.
function forecast.serials(serials, arguments, environment)
  local rows = { { "serials", words.number(serials) } }
  add_cost(rows, arguments, calls_for(serials, arguments), 0, guard_said(arguments))
  write(environment, rows)
  return exit_codes.ok
end

-- The lists of the service among the sources, one call each: {{source =, certificates =, calls =}, …}; or nil, message,
-- info.
local function sizes_of(lists, client)
  local sizes = {}
  for i, source in ipairs(lists) do
    local size, message, info = input.size(source, client)
    if not size then
      return nil, message, info
    end
    size.source = source
    sizes[i] = size
  end
  return sizes
end

-- What is in the sources: what rehearsal.count gives, with lists = their sizes; or nil, message, info.
local function look(arguments, environment, client)
  local lists, others = input.divided(arguments.from)
  local items, unreadable = input.open_all(others, environment.stdin)
  if not items then
    return nil, unreadable, { class = "argument" }
  end
  local sizes, message, info = sizes_of(lists, client)
  if not sizes then
    return nil, message, info
  end
  local counts
  counts, message, info = rehearsal.count(items, arguments.batch or BATCH)
  if counts then
    counts.lists = sizes
  end
  return counts, message, info
end

local function add_settings(rows, arguments, environment, client)
  rows[#rows + 1] = { "endpoint", client.endpoint }
  rows[#rows + 1] = { "account", client.account }
  rows[#rows + 1] = { "home", shown(home.find(arguments.home, environment.getenv) or "none") }
  rows[#rows + 1] = { "from", shown(table.concat(arguments.from, ", ")) }
end

-- Adds what is in the sources, and what that costs.
local function add_counts(rows, counts, arguments, guard)
  local distinct, asking, reading = counts.distinct, counts.calls, 0
  for _, list in ipairs(counts.lists) do
    distinct, asking = distinct + list.certificates, asking + calls_for(list.certificates, arguments)
    reading = reading + list.calls
    rows[#rows + 1] = { "list", ("%s: %s, as one call says; reading it takes %s"):format(list.source,
      words.count(list.certificates, "certificate"), words.count(list.calls, "call")) }
  end
  local bound = (counts.most or #counts.lists > 0) and "at most " or ""
  rows[#rows + 1] = { "serials", ("%s%s distinct, %s repeated, %s invalid"):format(bound, words.number(distinct),
    words.number(counts.repeated), words.number(counts.invalid)) }
  for _, row in ipairs(counts.shown) do
    rows[#rows + 1] = { "invalid", shown(row.message) }
  end
  if counts.invalid > #counts.shown then
    rows[#rows + 1] = { "invalid", ("... and %s more"):format(words.number(counts.invalid - #counts.shown)) }
  end
  add_cost(rows, arguments, asking, reading, guard)
end

--- Writes what asking about all that arguments.from names costs, and with arguments.dry_run the settings. client: what
-- is asked for the size of the service's lists, and for the guard that its quota has come to; may be nil where no list
-- is named. Returns the exit code, or says why not and returns it.
function forecast.run(arguments, environment, client)
  local guard, message, info = guard_said(arguments), nil, nil
  if client then
    guard, message, info = client:guard()
  end
  local counts
  if guard then
    counts, message, info = look(arguments, environment, client)
  end
  if not counts then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  local rows = {}
  if arguments.dry_run then
    add_settings(rows, arguments, environment, client)
  end
  add_counts(rows, counts, arguments, guard)
  write(environment, rows)
  return counts.invalid > 0 and exit_codes.unclear or exit_codes.ok
end

return forecast
