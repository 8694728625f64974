local bad = require "certstat.sources.bad"

describe("sources.bad", function()
  it("is a row with what was found, where, and what is wrong", function()
    assert.same({ row = {
      serial = "x", status = "invalid", class = "argument", code = "InvalidInput", message = "a.log:7: no",
      source = "a.log:7",
    } }, bad("a.log:7", "no", "x"))
    assert.equal("a.log:7", bad("a.log:7", "no").row.serial)
  end)
end)
