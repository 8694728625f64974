local resumption = require "certstat.resumption"

-- A ledger of these runs, the oldest first, two to a page.
local function ledger_of(runs)
  for i, run in ipairs(runs) do
    run.run, run.account, run.command = i, run.account or "default", run.command or "audit"
  end
  return { runs = function(_, before)
    local page = {}
    for i = (before or #runs + 1) - 1, 1, -1 do
      if #page < 2 then page[#page + 1] = runs[i] end
    end
    return page
  end }
end

local function find(runs, wanted)
  wanted.account, wanted.command, wanted.settings = "default", "audit", wanted.settings or "a"
  local run, message, info = resumption.find(ledger_of(runs), wanted)
  return run and run.run, message, info
end

describe("certstat.resumption", function()
  local whole, cut = { settings = "a", whole = true }, { settings = "a", whole = false }
  local other = { settings = "b", whole = false }

  local function copy(runs)
    local copies = {}
    for i, run in ipairs(runs) do
      copies[i] = {}
      for name, value in pairs(run) do copies[i][name] = value end
    end
    return copies
  end

  it("goes on with the last run of these settings that was cut short", function()
    local rows = {
      -- runs from the oldest on, which one goes on
      { {}, false },
      { { cut }, 1 },
      { { cut, cut }, 2 },
      { { cut, whole }, false },
      { { whole, cut }, 2 },
      { { cut, other, other, other }, 1 },
      { { whole, other }, false },
      { { cut, { settings = "a", account = "another" }, { settings = "a", command = "status" } }, 1 },
      { { { settings = "b", whole = true } }, false },
      { { other, { settings = "c", whole = true } }, false },
    }
    for _, row in ipairs(rows) do assert.equal(row[2], (find(copy(row[1]), {}))) end
  end)

  it("refuses other settings, unless it is told", function()
    local text = "run 1 was cut short with other settings, 'b', found 'a'; --force goes on with it nevertheless"
    for _, run in ipairs { 0, 1 } do
      local wanted = { run = run > 0 and run or nil }
      local found, message, info = find(copy { other }, wanted)
      assert.is_nil(found)
      assert.equal(text, message)
      assert.same({ class = "argument", code = "NotResumable" }, info)
      wanted.force = true
      assert.equal(1, (find(copy { other }, wanted)))
    end
  end)

  it("shows settings in part where they are long", function()
    local _, message = find({ { settings = ("b"):rep(300), whole = false } }, { settings = ("c"):rep(300) })
    assert.equal(("run 1 was cut short with other settings, '%s...', found '%s...'; --force goes on with it "
      .. "nevertheless"):format(("b"):rep(200), ("c"):rep(200)), message)
  end)

  it("goes on with the run that is named, or says why not", function()
    assert.equal(1, (find(copy { cut, cut, cut }, { run = 1 })))
    local rows = {
      { { cut, whole }, 2, "run 2 is whole: nothing of it is left to be done" },
      { { cut, whole }, 3, "there is no run 3 of audit in the account default" },
      { { { settings = "a", account = "another" } }, 1, "there is no run 1 of audit in the account default" },
    }
    for _, row in ipairs(rows) do
      local found, message, info = find(copy(row[1]), { run = row[2] })
      assert.is_nil(found)
      assert.equal(row[3], message)
      assert.equal("argument", info.class)
    end
  end)

  it("passes on what the ledger says", function()
    local broken = { runs = function() return nil, "disk I/O error", { class = "limit" } end }
    for _, run in ipairs { 0, 1 } do
      assert.same({ nil, "ledger: disk I/O error", { class = "limit" } }, { resumption.find(broken, {
        account = "default", command = "audit", settings = "a", run = run > 0 and run or nil,
      }) })
    end
  end)
end)
