local names = require "certstat.emulator.names"

describe("names", function()
  it("are parted at commas, empty ones too", function()
    assert.same({ "a", "", " b", "" }, names.read({}, { N = "a,, b," }, "N"))
  end)

  it("are wanted", function()
    assert.same({ nil, "MissingSerialNumber" }, { names.read({}, {}, "SerialNumber") })
    assert.same({ nil, "MissingIdentifier" }, { names.read({}, { Identifier = "" }, "Identifier") })
  end)

  it("are at most as many as the emulator takes", function()
    assert.same({ "a", "b" }, names.read({ max_serials = 2 }, { N = "a,b" }, "N"))
    assert.same({ nil, "InvalidParameter", "N: at most 2 in one request." },
      { names.read({ max_serials = 2 }, { N = "a,b,c" }, "N") })
  end)
end)
