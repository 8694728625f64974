--- prometheus.lua - a run in numbers, in Prometheus's text format, for the textfile collector of its node exporter:
-- gauges alone, no label for a certificate. A serial number without an answer counts as an error, and a run that was
-- cut short says so.
local statuses = require "certstat.report.statuses"

local prometheus = {}

local function gauge(name, help, value)
  return ("# HELP %s %s\n# TYPE %s gauge\n%s"):format(name, help, name,
    type(value) == "string" and value or ("%s %.14g\n"):format(name, value))
end

local function certificates(counts)
  local samples = {}
  for i, status in ipairs(statuses) do
    samples[i] = ('certstat_certificates{status="%s"} %d\n'):format(status.name, counts[status.name])
  end
  return gauge("certstat_certificates", "Rows of the last run by status; error: there is no answer.",
    table.concat(samples))
end

function prometheus.open(write)
  local report = {}

  function report.row()
  end

  function report.finish(facts)
    local counters = facts.counters
    -- a quota is for a second at least
    local share = counters.calls / (facts.qps * math.max(facts.seconds, 1))
    write(certificates(facts.counts)
      .. gauge("certstat_run_whole", "1 where the last run came to its end, 0 where it was cut short.",
        facts.whole and 1 or 0)
      .. gauge("certstat_run_end_timestamp_seconds", "When the last run ended; its age is time() less this.",
        facts.ended)
      .. gauge("certstat_run_duration_seconds", "How long the last run took.", facts.seconds)
      .. gauge("certstat_run_calls", "Calls that the last run sent, retries included.", counters.calls)
      .. gauge("certstat_run_retries", "Calls that the last run sent again.", counters.retries)
      .. gauge("certstat_run_throttled", "Calls of the last run that the service throttled.", counters.throttled)
      .. gauge("certstat_run_quota_ratio", "Calls of the last run by those that the quota allows in its time.", share))
  end

  return report
end

return prometheus
