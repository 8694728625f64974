local months = require "certstat.report.html.months"
local times = require "certstat.times"

local function of(dates)
  local counted = months.new()
  for _, date in ipairs(dates) do
    local when, kind = date:match("^(%S+) ?(%a*)$")
    counted:add(times.read(when .. "T12:00:00Z"), kind)
  end
  return counted
end

local function names(list)
  local found = {}
  for i, one in ipairs(list) do
    found[i] = one.name
  end
  return found
end

local NOW = months.of(1767323045) -- 2026-01

describe("report.html.months", function()
  it("counts by month and kind", function()
    local list = of({ "2026-01-01 a", "2026-01-31 b", "2026-01-31 b", "2025-12-31 a" }):list(NOW, -1)
    assert.same({ name = "2026-01", counts = { a = 1, b = 2 } }, list[12])
    assert.same({ name = "2025-12", counts = { a = 1 } }, list[11])
  end)

  it("has a year at least, without gaps", function()
    assert.same({ "2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07", "2025-08", "2025-09", "2025-10",
      "2025-11", "2025-12", "2026-01" }, names(of({}):list(NOW, -1)))
    assert.same({ "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09",
      "2026-10", "2026-11", "2026-12" }, names(of({ "2026-02-01" }):list(NOW, 1)))
  end)

  it("has two years at most, and one element for what is before and one for what is later", function()
    local list = of({ "2024-02-01", "2024-01-31", "1999-01-01", "2026-02-01" }):list(NOW, -1)
    assert.equal(26, #list)
    assert.same({ name = "before", counts = { [""] = 2 } }, list[1])
    assert.equal("2024-02", list[2].name)
    assert.same({ name = "later", counts = { [""] = 1 } }, list[26])
    list = of({ "2027-12-31", "2028-01-01", "2025-12-31" }):list(NOW, 1)
    assert.equal("before", list[1].name)
    assert.equal("2027-12", list[25].name)
    assert.same({ name = "later", counts = { [""] = 1 } }, list[26])
  end)

  it("has the most frequent kind first, equal ones by name", function()
    local counted = of { "2026-01-01 b", "2026-01-01 a", "2025-01-01 c", "2026-01-01 c" }
    assert.same({ "c", "a", "b" }, counted:kinds())
    assert.equal(4, counted.total)
  end)
end)
