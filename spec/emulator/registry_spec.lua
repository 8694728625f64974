local authorities = require "spec.emulator.authorities"
local registry = require "certstat.emulator.registry"

-- an authority whose index holds `keys`; the revoked ones have a star
local function authority(own_key, keys)
  local entries, by_key = {}, {}
  for i, text in ipairs(keys) do
    local key, star = text:match("^(%x+)(%*?)$")
    entries[i] = { key = key, position = i, status = star == "*" and "R" or "V" }
    by_key[key] = entries[i]
  end
  local function revoked(last)
    local found = {}
    for i = 1, last or #entries do
      if entries[i].status == "R" then found[#found + 1] = entries[i] end
    end
    return found
  end
  return {
    own_key = own_key,
    index = {
      refresh = function(self)
        if self.problem then return nil, self.problem end
        return true, self.damage
      end,
      find = function(_, key) return by_key[key] end,
      at = function(_, position) return entries[position] end,
      count = function() return #entries end,
      revoked_count = function(_, last) return #revoked(last) end,
      revoked_at = function(_, nth) return revoked()[nth] end,
      revoke = function(_, key, seconds) return key == "c2" and seconds == 7 end,
    },
    find_identifier = function(_, identifier) return by_key[identifier] end,
  }
end

local function keys_of(page)
  local keys = {}
  for i, one in ipairs(page) do keys[i] = one.entry.key end
  return table.concat(keys, " ")
end

describe("the registry", function()
  -- a root that signed itself and the sub-authority, and one more; the sub-authority's certificates
  local root = authority("01", { "01", "a1", "5b" })
  local sub = authority("5b", { "c1", "c2", "c3", "c1c1" })
  local both = registry.new { root, sub }

  it("finds a serial in every authority that uses it", function()
    assert.equal(1, #both:find("c2"))
    assert.equal(sub, both:find("c2")[1].authority)
    assert.equal(0, #both:find("ff"))
    assert.equal(2, #registry.new({ sub, authority(nil, { "c2" }) }):find("c2"))
  end)

  it("revokes a serial in every authority that uses it", function()
    assert.equal(2, both:revoke("c2", 7))
    assert.equal(0, both:revoke("ff", 7))
  end)

  it("finds an Identifier's entry and authority", function()
    local found = both:find_identifier("c3")
    assert.equal("c3", found.entry.key)
    assert.equal(sub, found.authority)
    assert.is_nil(both:find_identifier("ff"))
  end)

  for _, case in ipairs {
    { 1, 100, "a1 c1 c2 c3 c1c1" }, { 1, 1, "a1" }, { 2, 1, "c1" }, { 1, 2, "a1 c1" }, { 3, 2, "c2 c3" },
    { 5, 2, "c1c1" }, { 6, 2, "" }, { 1000, 20, "" },
  } do
    it(("pages from %d, %d at most, without authorities' own certificates"):format(case[1], case[2]), function()
      local page, total = both:page(case[1], case[2])
      assert.equal(case[3], keys_of(page))
      assert.equal(5, total)
    end)
  end

  it("skips own certificates wherever they stand", function()
    local one = authority("02", { "02", "a1", "a2", "5b", "a3", "5b5b" })
    local page, total = registry.new({ one, authority("5b", {}), authority("5b5b", {}) }):page(1, 100)
    assert.equal("a1 a2 a3", keys_of(page))
    assert.equal(3, total)
  end)

  it("counts what an authority has issued, authorities left out", function()
    assert.same({ 1, 4 }, { both:issued(root), both:issued(sub) })
  end)

  for _, case in ipairs { { 1, 100, "a1 c1 c1c1" }, { 2, 1, "c1" }, { 3, 5, "c1c1" }, { 4, 5, "" } } do
    it(("selects in the same order from %d, %d at most, also without authorities"):format(case[1], case[2]), function()
      local pauses = 0
      local function accept(entry) return entry.key:find("1") end
      local page, total = both:select(accept, case[1], case[2], function() pauses = pauses + 1 end)
      assert.equal(case[3], keys_of(page))
      assert.same({ 3, 7 }, { total, pauses })
    end)
  end

  for _, case in ipairs {
    { 1, 100, "a2 b2 b3" }, { 1, 1, "a2" }, { 2, 1, "b2" }, { 2, 5, "b2 b3" }, { 4, 5, "" },
  } do
    it(("pages the revoked ones from %d, %d at most, without authorities"):format(case[1], case[2]), function()
      local first = authority("02", { "02*", "a1", "a2*", "5b*" })
      local second = authority("5b", { "b1", "b2*", "b3*", "b4" })
      local one = registry.new { first, second }
      local page, total = one:revoked_page(case[1], case[2])
      assert.equal(case[3], keys_of(page))
      assert.equal(3, total)
      assert.same({ 1, 2 }, { one:revoked(first), one:revoked(second) })
    end)
  end

  it("knows who signed whom", function()
    local known = authorities.registry()
    local first, second = known.authorities[1], known.authorities[2]
    assert.equal(first, known:issuer(second))
    assert.is_nil(known:issuer(first))
    assert.equal("5b", known:own_entry(second).key)
    assert.equal("01", known:own_entry(first).key)
    assert.equal("SUB\nROOT\n", known:chain(second))
    assert.is_false(known:is_revoked(second))
    assert.is_nil(registry.new({ second }):issuer(second))
    assert.equal("SUB\n", registry.new({ second }):chain(second))
    assert.equal(second, known:find_authority("sub"))
    assert.is_nil(known:find_authority("sub-c1"))
  end)

  it("says which database can't be read", function()
    assert.is_true(both:refresh())
    local broken = authority(nil, {})
    broken.index.problem = "index.txt: damaged"
    local ok, message = registry.new({ sub, broken }):refresh()
    assert.is_nil(ok)
    assert.equal("index.txt: damaged", message)
  end)

  it("passes on which databases are damaged, and answers from what was known", function()
    local one, two = authority(nil, {}), authority(nil, {})
    one.index.damage, two.index.damage = "one", "two"
    assert.same({ true, "one; two" }, { registry.new({ one, sub, two }):refresh() })
  end)
end)
