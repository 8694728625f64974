local options = require "certstat.command.options"

describe("command.options", function()
  local whole = options.whole("--n", 1, 1000)
  local seconds = options.seconds("--s", 60)

  it("takes whole numbers within their bounds", function()
    assert.equal(1, whole("1"))
    assert.equal(1000, whole("1000"))
    assert.equal(7, whole("007"))
  end)

  for _, text in ipairs { "0", "1001", "-1", "1.5", "1e2", "0x10", " 1", "", "ten", "99999999999999999999" } do
    it(("refuses '%s' for a whole number"):format(text), function()
      local number, message = whole(text)
      assert.is_nil(number)
      assert.equal(("--n: expected a whole number from 1 to 1000, found '%s'"):format(text), message)
    end)
  end

  it("takes seconds and parts of them", function()
    assert.equal(60, seconds("60"))
    assert.equal(0.5, seconds("0.5"))
    assert.equal(0.5, seconds(".5"))
  end)

  for _, text in ipairs { "0", "0.0", "61", "-1", "1e1", "inf", "nan", "0x1p4", "", "1.", "." } do
    it(("refuses '%s' for seconds"):format(text), function()
      local number, message = seconds(text)
      assert.is_nil(number)
      assert.equal(("--s: expected seconds above 0 up to 60, found '%s'"):format(text), message)
    end)
  end
end)
