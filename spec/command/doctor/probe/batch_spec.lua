local batch_of = require "certstat.command.doctor.probe.batch"

describe("the largest batch", function()
  local asked

  -- A service that takes `limit` serials in a call and, if it cuts, answers the first of more; left: calls.
  local function new(count, limit, cuts, left)
    asked = {}
    local entries = {}
    for i = 1, count do entries[i] = { key = ("%04x"):format(i), wire = ("%04X"):format(i) } end
    local budget = {}
    function budget.left() return left - #asked end
    function budget.status(_, wires)
      asked[#asked + 1] = #wires
      if #wires > limit and not cuts then return nil, true end
      local answers = {}
      for i = 1, math.min(#wires, limit) do answers[wires[i]:lower()] = { status = "good" } end
      return answers
    end
    return batch_of.new(budget, entries), budget
  end

  local function row(batch)
    local found, set = batch:row("no more")
    return { found.check, found.status, found.message }, set
  end

  it("is found, where too many are refused", function()
    local batch = new(190, 50, false, 20)
    batch:go_on(0)
    assert.same({ 190, 100, 50, 51 }, asked)
    local found, set = row(batch)
    assert.same({ "batch", "ok", "50 serials in one call, and no more" }, found)
    assert.equal(50, set)
    assert.same({ status = "good" }, batch.answers["00be"])
  end)

  it("is found, where too many are cut short", function()
    local batch = new(190, 20, true, 20)
    batch:go_on(0)
    assert.same({ 190, 100, 50, 20, 21 }, asked)
    assert.equal(20, select(2, row(batch)))
  end)

  it("is all that could be tried", function()
    local batch = new(190, 1000, false, 20)
    batch:go_on(0)
    assert.same({ 190 }, asked)
    local found, set = row(batch)
    assert.same({ "batch", "ok", "190 serials in one call, the most that was tried: no more" }, found)
    assert.equal(190, set)
  end)

  it("leaves calls for others, and goes on with those that are left", function()
    local batch = new(190, 73, false, 7)
    batch:go_on(3)
    assert.same({ 190, 100, 50, 51 }, asked)
    assert.same({ "batch", "ok", "51 serials in one call; 100 are too many, for those between there were no calls "
      .. "left" }, (row(batch)))
    batch:go_on(0)
    assert.same({ 190, 100, 50, 51, 75, 63, 69 }, asked)
    assert.equal(69, select(2, row(batch)))
  end)

  it("is none where not even one is accepted", function()
    local batch = new(3, 0, false, 20)
    batch:go_on(0)
    local found, set = row(batch)
    assert.same({ "batch", "failed", "not even one serial alone is accepted" }, found)
    assert.is_nil(set)
  end)

  it("is not known where the calls end", function()
    local batch, budget = new(3, 3, false, 20)
    function budget.status() return nil, false end
    budget.stopped = "throttled"
    batch:go_on(0)
    local found, set = row(batch)
    assert.same({ "batch", "warning", "throttled" }, found)
    assert.is_nil(set)
  end)
end)
