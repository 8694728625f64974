local row_of = require("certstat.command.doctor.quota").row

describe("the doctor, of the quota", function()
  local pauses
  local calls = {
    host = { now_ns = function() return 5 end },
    pause = function(_, ns) pauses[#pauses + 1] = ns end,
  }

  -- looks: what each look gives
  local function row(looks, warning)
    local n = 0
    pauses = {}
    local found = row_of({ look = function(_, now)
      assert.equal(5, now)
      n = n + 1
      local look = looks[math.min(n, #looks)]
      if type(look) == "table" and look[1] then return nil, look[1], look[2] end
      return look
    end }, calls, "default", warning)
    return { found.check, found.status, found.message, found.class }
  end

  local function view(more)
    local all = { rate = 10, free = 8, guard_ns = 100000000, paused_ns = 0, holders = "" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  it("says what is left of it, and who uses it", function()
    assert.same({ "quota", "ok", "account default: 8 of 10 permits left, guard 100 ms; used by nobody else now" },
      row { view() })
    assert.same({ "quota", "ok", "account default: 8 of 10 permits left, guard 100 ms; used now by process 7 (x)" },
      row { view { holders = "7 (x)" } })
  end)

  it("warns of a pause, and of one that is shared with nobody", function()
    assert.same({ "quota", "warning", "account default: 0 of 1 permit left, guard 100 ms, paused by a throttle for "
      .. "3.5 s; used by nobody else now" }, row { view { rate = 1, free = 0, paused_ns = 3500000000 } })
    assert.same({ "quota", "warning", "account default: 8 of 10 permits left, guard 100 ms; no home" },
      row({ view() }, "no home"))
  end)

  it("waits for the lock, and not for ever", function()
    assert.equal("ok", row({ 1000, 2000, view() })[2])
    assert.same({ 1000, 2000 }, pauses)
    assert.same({ "quota", "failed", "its lock is taken again and again", "limit" }, row { 1000 })
  end)

  it("says why it can't be used", function()
    assert.same({ "quota", "failed", "locked", "limit" }, row { { "locked", { class = "limit" } } })
  end)
end)
