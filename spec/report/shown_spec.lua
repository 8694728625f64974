local core = require "certstat.core"
local shown = require "certstat.report.shown"

describe("report.shown", function()
  it("leaves what is printable as it is", function()
    for _, text in ipairs { "", "plain", "a\\b", "\\\\", "\\x0A", "\228\184\173" } do
      assert.equal(text, shown(text))
    end
  end)

  it("makes the rest printable, once", function()
    assert.equal("a\\x0A\\x1B[31m", shown("a\n\27[31m"))
    assert.equal("a\\x0A\\x1B[31m", shown(core.printable("a\n\27[31m")))
    assert.equal("\\\\x0A", shown("\\\n"))
  end)

  it("bounds the length", function()
    assert.equal(("a"):rep(20) .. "...", shown(("a"):rep(500), 20))
  end)
end)
