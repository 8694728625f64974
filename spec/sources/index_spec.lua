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
      reason = "keyCompromise",
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

describe("sources.index.parse", function()
  it("reads a valid, an expired and a revoked certificate", function()
    assert.same({
      status = "V", expires = 1827029889, key = "0a1b", serial = "0A1B", file = "unknown", subject = "/CN=x",
    }, index.parse("V\t271124041809Z\t\t0A1B\tunknown\t/CN=x"))
    assert.equal("E", index.parse("E\t271124041809Z\t\t0A1B\tunknown\t/CN=x").status)
    local revoked = index.parse("R\t271124041809Z\t261124041810Z,keyCompromise\t0A1B\tunknown\t/CN=x")
    assert.equal(1795493890, revoked.revoked)
    assert.equal("keyCompromise", revoked.reason)
    revoked = index.parse("R\t271124041809Z\t261124041810Z\tB67E\tunknown\t/CN=x")
    assert.equal(1795493890, revoked.revoked)
    assert.is_nil(revoked.reason)
    revoked = index.parse("R\t271124041809Z\t261124041810Z,CAkeyTime,20260101000000Z\tB67E\tunknown\t/CN=x")
    assert.equal("CAkeyTime", revoked.reason)
  end)

  for text, seconds in pairs {
    ["491231235959Z"] = 2524607999, ["500101000000Z"] = false, ["991231235959Z"] = 946684799,
    ["20500101000000Z"] = 2524608000, ["2711240418Z"] = false, ["271324041809Z"] = false, ["271124041809"] = false,
    ["271124041809+0100"] = false, [""] = false,
  } do
    it(("takes '%s' as %s"):format(text, seconds or "no time"), function()
      assert.equal(seconds or nil, index.parse("V\t" .. text .. "\t\t0A1B\tunknown\t/CN=x").expires)
    end)
  end

  for line, message in pairs {
    [""] = "expected V, R or E and six columns",
    ["X\t271124041809Z\t\t0A1B\tunknown\t/CN=x"] = "expected V, R or E and six columns",
    ["V\t271124041809Z\t\t0A1B\tunknown"] = "expected V, R or E and six columns",
    ["V\t271124041809Z\t\tzz\tunknown\t/CN=x"] = "expected a serial number, found zz",
    ["R\t271124041809Z\t\t0A1B\tunknown\t/CN=x"] = "expected a time of revocation, found ",
    ["R\t271124041809Z\tnever\t0A1B\tunknown\t/CN=x"] = "expected a time of revocation, found never",
  } do
    it(("refuses '%s'"):format((line:gsub("\t", " "))), function()
      local entry, found = index.parse(line)
      assert.is_nil(entry)
      assert.equal(message, found)
    end)
  end
end)
