-- What is read as a serial number and what is not is tested in spec/c/core/serial_test.c; this is about the binding.
local core = require "certstat.core"

describe("core.serial", function()
  it("gives the key as lower-case hex of even length", function()
    local rows = {
      { "084BDE9CD233F0DD", "084bde9cd233f0dd" }, { "f", "0f" }, { "00b67e", "b67e" }, { "dec:4660", "1234" },
      { "1234", "1234" }, { "08:4b:de", "084bde" }, { ("f"):rep(40), ("f"):rep(40) },
    }
    for _, row in ipairs(rows) do
      assert.same({ row[2] }, { core.serial(row[1]) })
      assert.equal(row[2], core.serial(row[1], "text"))
    end
  end)

  it("reads raw bytes where it is told that they are", function()
    assert.equal("31323334", core.serial("1234", "binary"))
    assert.equal("b67e", core.serial("\0\182\126", "binary"))
    assert.equal("0a0d00", core.serial("\10\13\0", "binary"))
    assert.equal(("41"):rep(20), core.serial(("A"):rep(20), "binary"))
  end)

  it("returns what is wrong with others", function()
    local rows = {
      { "", nil, "serial number: expected digits, found nothing" },
      { "0", nil, "serial number: expected a positive number, found zero" },
      { "-5", nil, "serial number: expected a positive number, found a negative one" },
      { "a,b", nil, "serial number: expected one serial number, found ',' at character 2" },
      { "ab\27[31m", nil, "serial number: expected a hexadecimal digit, found '\\x1B' at character 3" },
      { "1" .. ("0"):rep(40), nil, "serial number: expected at most 20 octets, found more" },
      { "", "binary", "serial number: expected octets, found none" },
      { "\0\0", "binary", "serial number: expected a positive number, found zero" },
      { ("A"):rep(21), "binary", "serial number: expected at most 20 octets, found more" },
    }
    for _, row in ipairs(rows) do
      local key, message, info = core.serial(row[1], row[2])
      assert.is_nil(key)
      assert.equal(row[3], message)
      assert.same({ class = "argument", code = "InvalidSerialNumber" }, info)
    end
  end)

  it("takes no number for a text: its digits could be decimal", function()
    assert.error_matches(function() core.serial(1234) end, "bad argument #1 to '.-' %(string expected, got number%)")
    assert.error_matches(function() core.serial() end, "bad argument #1 to '.-' %(string expected, got n")
    assert.error_matches(function() core.serial("12", "hex") end, "bad argument #2 to '.-' %(invalid option 'hex'%)")
  end)
end)
