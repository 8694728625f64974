local strict = require "spec.report.strict"

local function read(rows, what)
  local families = strict.report("prometheus", rows, what)
  local values = {}
  for name, samples in pairs(families) do
    values[name] = samples["{}"] or samples
  end
  return values
end

describe("report.prometheus", function()
  it("counts rows by status, without a label of their own", function()
    local values = read({
      { serial = "01", status = "good" }, { serial = "02", status = "good" }, { serial = "03", status = "revoked" },
      { serial = "04", status = "error", class = "deadline" },
    })
    assert.same({
      ['{"status": "good"}'] = 2, ['{"status": "revoked"}'] = 1, ['{"status": "unknown"}'] = 0,
      ['{"status": "absent"}'] = 0, ['{"status": "conflict"}'] = 0, ['{"status": "invalid"}'] = 0,
      ['{"status": "error"}'] = 1,
    }, values.certstat_certificates)
  end)

  it("has what the run took, and when it ended", function()
    local values = read({})
    assert.equal(1, values.certstat_run_whole)
    assert.equal(1767323045, values.certstat_run_end_timestamp_seconds)
    assert.equal(2.5, values.certstat_run_duration_seconds)
    assert.equal(4, values.certstat_run_calls)
    assert.equal(2, values.certstat_run_retries)
    assert.equal(1, values.certstat_run_throttled)
    assert.equal(0.16, values.certstat_run_quota_ratio) -- 4 of 2.5 s at 10
  end)

  it("has the quota's share of a second at least", function()
    assert.equal(0.4, read({}, { seconds = 0.01 }).certstat_run_quota_ratio)
    assert.equal(0.4, read({}, { seconds = 0 }).certstat_run_quota_ratio)
    assert.equal(0.08, read({}, { qps = 20 }).certstat_run_quota_ratio)
  end)

  it("says that the run was cut short", function()
    local values = read({ { serial = "01", status = "good" } }, { whole = false })
    assert.equal(0, values.certstat_run_whole)
    assert.equal(1, values.certstat_certificates['{"status": "good"}'])
  end)

  it("is the same text whatever a name says", function()
    local rows, plain = strict.hostile_rows(), {}
    for i, row in ipairs(rows) do
      plain[i] = { serial = "01", status = row.status }
    end
    assert.equal(strict.text("prometheus", plain), strict.text("prometheus", rows))
  end)
end)
