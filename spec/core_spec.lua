local core = require "certstat.core"

describe("certstat.core", function()
  it("has the functions of its rooms and nothing else", function()
    local names = {}
    for name, value in pairs(core) do
      assert.are.equal("function", type(value))
      names[#names + 1] = name
    end
    table.sort(names)
    assert.are.equal("canonical_query certificates describe_certificate engine lines parse_query printable quota "
      .. "serial signer", table.concat(names, " "))
  end)

  it("creates no global", function()
    assert.is_nil(rawget(_G, "certstat"))
    assert.is_nil(rawget(_G, "core"))
  end)
end)
