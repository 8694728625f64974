local index = require "certstat.sources.index"
local items = require "spec.sources.items"

local GOOD = "V\t270101000000Z\t\t084BDE\tunknown\t/CN=one\n"
local REVOKED = "R\t270101000000Z\t260102030405Z,keyCompromise\tB67E\tunknown\t/CN=two\n"

describe("sources.index", function()
  it("knows the database of openssl ca by its first line", function()
    assert.is_true(index.is(GOOD))
    assert.is_true(index.is(REVOKED))
    for _, text in ipairs { "", "084BDE\n", "V\t\t\t\n", "V\tnever\t\t01\tunknown\t/CN=x\n" } do
      assert.is_false(index.is(text))
    end
  end)

  it("gives what a line says of a certificate", function()
    local read = index.items(items.reader(GOOD .. REVOKED), "i")
    assert.same({ serial = "084BDE", source = "i:1", subject = "/CN=one", not_after = 1798761600 }, read())
    assert.same({
      serial = "B67E", source = "i:2", subject = "/CN=two", not_after = 1798761600, revoked_at = 1767323045,
    }, read())
    assert.is_nil(read())
  end)

  it("gives rows for lines that are none of its", function()
    local damaged = GOOD:gsub("084BDE", "zz"):gsub("one", "x")
    assert.same({
      "i:1 084BDE",
      "! more: i:2: expected V, R or E and six columns",
      "! V\t270101000000Z\t\tzz\tunknown\t/CN=x: i:4: expected a serial number, found zz",
      "i:5 084BDE",
    }, items.all(index.items(items.reader(GOOD .. "more\n\n" .. damaged .. GOOD), "i")))
    assert.same({ "! " .. ("V"):rep(64) .. ": i:1: longer than 1048576 bytes" },
      items.all(index.items(items.reader(("V"):rep(1048577)), "i")))
  end)
end)
