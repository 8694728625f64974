local statuses = require "certstat.report.statuses"

describe("report.statuses", function()
  it("has each status once, with what it means", function()
    local names = {}
    for i, status in ipairs(statuses) do
      names[i] = status.name
      assert.is_truthy(#status.meaning > 10)
    end
    assert.same({ "good", "revoked", "unknown", "absent", "conflict", "invalid", "error" }, names)
  end)

  it("has only good ones of no gravity", function()
    for _, status in ipairs(statuses) do
      assert.equal(status.name == "good", status.level == "none")
    end
  end)
end)
