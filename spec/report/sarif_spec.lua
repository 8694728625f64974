local columns = require "certstat.report.columns"
local strict = require "spec.report.strict"

local function results(...)
  return strict.report("sarif", ...).runs[1].results
end

describe("report.sarif", function()
  it("has a result for what is not good", function()
    local run = strict.report("sarif", {
      { serial = "01", key = "01", status = "good" },
      { serial = "B6:7E", key = "b67e", status = "revoked", revoked_at = 1767323045 },
    }).runs[1]
    local null = run.results[1].properties.class
    assert.same({ {
      ruleId = "revoked", ruleIndex = 1, level = "error",
      message = { text = "B6:7E: revoked since 2026-01-02T03:04:05Z" },
      locations = { { logicalLocations = { { name = "B6:7E", kind = "certificate" } } } },
      partialFingerprints = { ["serial/v1"] = "b67e" },
      properties = { serial = "B6:7E", key = "b67e", status = "revoked", revoked_at = "2026-01-02T03:04:05Z",
        class = null, code = null, message = null },
    } }, run.results)
    assert.same({ good = 1, revoked = 1, unknown = 0, absent = 0, conflict = 0, invalid = 0, error = 0 },
      run.properties.certificates)
    assert.same({ { executionSuccessful = true, startTimeUtc = "2026-01-02T03:04:02Z",
      endTimeUtc = "2026-01-02T03:04:05Z", toolExecutionNotifications = {} } }, run.invocations)
  end)

  it("has an error for what has no answer, and has not succeeded then", function()
    local run = strict.report("sarif", {
      { serial = "01", status = "error", class = "deadline", message = "no answer" },
    }).runs[1]
    local result = run.results[1]
    assert.is_false(run.invocations[1].executionSuccessful)
    assert.same({}, run.invocations[1].toolExecutionNotifications)
    assert.equal("error", result.ruleId)
    assert.equal("error", result.level)
    assert.equal("01: error, no answer", result.message.text)
  end)

  local places = {
    { "serials.txt:7", "serials.txt", 7 },
    { "/var/lib/a b/\228\184\173:x.pem:12", "file:///var/lib/a%20b/%E4%B8%AD%3Ax.pem", 12 },
    { "javascript:alert(1)//:1", "javascript%3Aalert%281%29//", 1 },
    { "-:3" }, { "serials.txt" }, { "serials.txt:0" },
  }
  for _, case in ipairs(places) do
    it("names the place " .. case[1], function()
      local location = results({ { serial = "01", status = "absent", item = { source = case[1] } } })[1].locations[1]
      assert.same(case[2] and { artifactLocation = { uri = case[2] }, region = { startLine = case[3] } },
        location.physicalLocation)
    end)
  end

  it("takes other columns as properties", function()
    local chosen = columns.choose("status,source", columns.status)
    assert.same({ status = "absent", source = "a:1" },
      results({ { serial = "01", status = "absent", item = { source = "a:1" } } }, nil, chosen)[1].properties)
  end)

  it("says that the run was cut short, also before its first row", function()
    local run = strict.report("sarif", {}, { whole = false }).runs[1]
    assert.is_false(run.invocations[1].executionSuccessful)
    assert.equal("the run was cut short: results are missing",
      run.invocations[1].toolExecutionNotifications[1].message.text)
  end)

  it("keeps names as they are", function()
    for i, result in ipairs(results(strict.hostile_rows())) do
      assert.equal(strict.kept(strict.HOSTILE[i]), result.locations[1].logicalLocations[1].name)
    end
  end)
end)
