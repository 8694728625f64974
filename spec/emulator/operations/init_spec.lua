local operations = require "certstat.emulator.operations"

describe("the operations", function()
  for name, operation in pairs(operations) do
    it(name .. " has a shape that ends with RequestId, and runs", function()
      assert.same({ "RequestId", "string" }, operation.shape[#operation.shape])
      assert.equal("function", type(operation.run))
    end)
  end
end)
