local nonces = require "certstat.emulator.nonces"

local function memory(room)
  local kept = {}
  return {
    kept = kept,
    get = function(_, name) return kept[name] and true or nil end,
    safe_add = function(_, name, value, seconds)
      if room == 0 then return nil, "no memory" end
      kept[name] = { value, seconds }
      return true
    end,
  }
end

describe("nonces", function()
  it("are good once for each access key, for thirty minutes", function()
    local store = memory()
    local n = nonces.new(store)
    assert.is_false(n:used("a", "1"))
    assert.is_true(n:remember("a", "1"))
    assert.is_true(n:used("a", "1"))
    assert.is_false(n:used("b", "1"))
    assert.is_false(n:used("a", "2"))
    assert.same({ ["a\n1"] = { true, 1800 } }, store.kept)
  end)

  it("are not forgotten for want of room", function()
    local ok, message = nonces.new(memory(0)):remember("a", "1")
    assert.is_nil(ok)
    assert.equal("no memory", message)
  end)
end)
