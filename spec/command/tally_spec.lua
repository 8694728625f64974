local tally = require "certstat.command.tally"

local function of(words)
  local counts = tally.new()
  for _, word in ipairs(words) do
    local status, class = word:match("^(%a+)/?(%a*)$")
    counts:add({ status = status, class = class ~= "" and class or nil })
  end
  return counts
end

describe("command.tally", function()
  local cases = {
    { 0, {} },
    { 0, { "good", "good" } },
    { 1, { "good", "revoked" } },
    { 1, { "revoked", "unknown", "absent", "conflict", "invalid" } },
    { 2, { "good", "unknown" } },
    { 2, { "good", "absent" } },
    { 2, { "good", "conflict" } },
    { 2, { "good", "invalid" } },
    { 2, { "invalid" } },
    { 3, { "good", "error" } },
    { 3, { "revoked", "error" } },
    { 3, { "good", "error/denied" } },
    { 5, { "error/denied" } },
    { 5, { "error/denied", "invalid" } },
    { 5, { "error/denied", "error/network" } },
    { 3, { "error/network" } },
  }
  for _, case in ipairs(cases) do
    it(("gives %d for %s"):format(case[1], table.concat(case[2], ", ")), function()
      assert.equal(case[1], of(case[2]):exit_code())
    end)
  end

  it("gives 3 where the run was cut short after an answer", function()
    assert.equal(3, of({ "good" }):exit_code({}))
    assert.equal(3, of({ "revoked" }):exit_code({ class = "argument" }))
    assert.equal(3, of({ "good" }):exit_code({ class = "denied" }))
  end)

  it("gives the failure's own code where nothing was answered", function()
    assert.equal(5, of({}):exit_code({ class = "denied" }))
    assert.equal(5, of({ "invalid" }):exit_code({ class = "denied" }))
    assert.equal(4, of({}):exit_code({ class = "argument" }))
    assert.equal(3, of({}):exit_code({ class = "network" }))
  end)

  it("counts by status", function()
    local counts = of({ "good", "good", "revoked", "error/denied" })
    assert.equal(4, counts.rows)
    assert.equal(2, counts.good)
    assert.equal(1, counts.revoked)
    assert.equal(1, counts.error)
    assert.equal(0, counts.absent)
  end)
end)
