local canonical = require "certstat.mismatch.canonical"

describe("a canonical request", function()
  it("is taken apart", function()
    assert.same({
      method = "POST", path = "/", query = "a=b", fields = { "host:h", "x-acs-action:A" }, signed = "host;x-acs-action",
      hash = "0a",
    }, canonical.read_v3("POST\n/\na=b\nhost:h\nx-acs-action:A\n\nhost;x-acs-action\n0a"))
    assert.same({ method = "POST", path = "/", query = "", fields = {}, signed = "", hash = "0a" },
      canonical.read_v3("POST\n/\n\n\n\n0a"))
  end)

  for _, text in ipairs { "", "POST\n/\n\nhost:h\nhost\n0a", "POST\n/\n\nhost\n0a" } do
    it(("is none: %q"):format(text), function() assert.is_nil(canonical.read_v3(text)) end)
  end
end)

describe("a string to sign of HMAC-SHA1", function()
  it("is taken apart", function()
    assert.same({ method = "GET", path = "/", query = "A=b%20c&D=" },
      canonical.read_v1("GET&%2F&A%3Db%2520c%26D%3D"))
  end)

  it("is none with other parts than three", function()
    assert.is_nil(canonical.read_v1("GET&%2F"))
    assert.is_nil(canonical.read_v1("GET&%2F&A&B"))
  end)
end)

describe("a query", function()
  it("has items as they stand", function()
    assert.same({ "a=b%20c", "d=" }, canonical.items("a=b%20c&d="))
    assert.same({}, canonical.items(""))
  end)

  it("has parameters, more than one of a name too", function()
    assert.same({ a = "b c", d = { "1", "2", "3" } }, canonical.parameters("d=1&a=b%20c&d=2&d=3"))
    local none, message = canonical.parameters("a=%")
    assert.is_nil(none)
    assert.equal("string", type(message))
  end)
end)
