local version = require "certstat.version"

describe("version", function()
  it("is a number of three parts", function()
    assert.is_truthy(version:find("^%d+%.%d+%.%d+$"))
  end)
end)
