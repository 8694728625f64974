local audit = require "certstat.audit"
local batch = require "certstat.batch"
local rehearsal = require "certstat.rehearsal"

-- an iterator of n items, made by make(i); then of what `failure` is
local function source(n, make, failure)
  local i = 0
  return function()
    i = i + 1
    if i <= n then
      return make(i)
    elseif failure then
      return nil, failure[1], failure[2]
    end
  end
end

local function key(i) return ("%x"):format(i) end

describe("rehearsal", function()
  it("counts what an audit would ask about, and the calls", function()
    local items = source(10, function(i) return { serial = key(math.ceil(i / 2)) } end)
    assert.same({ distinct = 5, repeated = 5, invalid = 0, shown = {}, calls = 3, most = false },
      rehearsal.count(items, 2))
  end)

  it("shows the first places where there is no serial", function()
    local counts = rehearsal.count(source(9, function(i)
      if i == 1 then return { row = { serial = "f", status = "invalid", message = "f: damaged" } } end
      return { serial = i == 2 and "7" or "x", source = "f:" .. i }
    end), 50)
    assert.equal(8, counts.invalid)
    assert.equal(1, counts.distinct)
    assert.equal(5, #counts.shown)
    assert.equal("f: damaged", counts.shown[1].message)
    assert.is_truthy(counts.shown[5].message:find("^f:6: "))
  end)

  it("packs calls as an audit does, by what a URL holds too", function()
    local function longest(i) return ("%08x"):format(i) .. ("f"):rep(32) end
    local most = batch.most(1000)
    assert.equal(174, most)
    assert.equal(1, rehearsal.count(source(most, function(i) return longest(2 ^ 31 + i) end), 1000).calls)
    assert.equal(2, rehearsal.count(source(most + 1, function(i) return longest(2 ^ 31 + i) end), 1000).calls)
  end)

  it("knows what comes again as long as an audit without a ledger does", function()
    local n = audit.REMEMBERED + 1000 -- and what is on its way
    local counts = rehearsal.count(source(n + 1000, function(i) return key((i - 1) % n + 1) end), 50)
    assert.same({ n + 1000, 0, true }, { counts.distinct, counts.repeated, counts.most })
    counts = rehearsal.count(source(n + 1000, function(i) return key(math.min(i, n)) end), 50)
    assert.same({ n, 1000, true }, { counts.distinct, counts.repeated, counts.most })
  end)

  it("passes on why a source fails", function()
    local info = { class = "argument" }
    assert.same({ nil, "f: gone", info },
      { rehearsal.count(source(3, function(i) return key(i) end, { "f: gone", info }), 50) })
  end)
end)
