local core = require "certstat.core"

describe("core.printable", function()
  it("keeps what is printable", function()
    assert.equal("Größe 证书", core.printable("Größe 证书"))
    assert.equal("", core.printable(""))
  end)

  it("escapes what a terminal would act on", function()
    assert.equal("\\x1B]0;x\\x07\\x0A\\x00\\\\\\xFF\\u{202E}", core.printable("\27]0;x\7\n\0\\\255\226\128\174"))
  end)

  it("needs no more room than four bytes for one", function()
    assert.equal(("\\x00"):rep(1000), core.printable(("\0"):rep(1000)))
  end)

  it("stops after about so many bytes", function()
    local rows = {
      { 0, "ab\\x0Acd" }, { 1, "a..." }, { 5, "ab..." }, { 6, "ab\\x0A..." }, { 8, "ab\\x0Acd" },
      { 1e6, "ab\\x0Acd" },
    }
    for _, row in ipairs(rows) do
      assert.equal(row[2], core.printable("ab\ncd", row[1]))
    end
  end)

  it("raises on misuse", function()
    assert.error_matches(function() core.printable({}) end, "string expected, got table")
    assert.error_matches(function() core.printable("a", -1) end, "expected 0 or more")
  end)
end)
