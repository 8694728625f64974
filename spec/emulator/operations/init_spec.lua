local client_operations = require "certstat.operations"
local operations = require "certstat.emulator.operations"

-- The kind of a field at a path in a shape; nil where there is none.
local function kind_of(shape, path)
  local kind
  for name in path:gmatch("[^.]+") do
    kind = nil
    for _, field in ipairs(shape) do
      if field[1] == name then kind = field[2] end
    end
    if type(kind) == "table" then shape = kind.list or kind.object end
  end
  return kind
end

describe("the operations", function()
  it("are those that the client knows", function()
    for name, operation in pairs(client_operations) do
      if type(operation) == "table" then assert.is_truthy(operations[name], name) end
    end
    for name in pairs(operations) do assert.is_truthy(client_operations[name], name) end
  end)

  for name, operation in pairs(operations) do
    it(name .. " has a shape that ends with RequestId, and runs", function()
      assert.same({ "RequestId", "string" }, operation.shape[#operation.shape])
      assert.equal("function", type(operation.run))
    end)

    it(name .. " has its list and its times where the client looks for them", function()
      local known = client_operations[name]
      local place = known.list or known.object
      local kind = place and kind_of(operation.shape, place)
      assert.equal(known.list ~= nil, type(kind) == "table" and kind.list ~= nil)
      assert.equal(known.object ~= nil, type(kind) == "table" and kind.object ~= nil)
      local shape = kind and (kind.list or kind.object) or operation.shape
      for field, time in pairs(known.times) do
        local expected = (time == "ms" or time == "mixed") and "integer" or "string"
        if field == "RevokeTime" then expected = "time" end
        assert.equal(expected, kind_of(shape, field), field)
      end
    end)
  end
end)
