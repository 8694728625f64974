local sample_of = require "certstat.command.doctor.probe.sample"

describe("a sample of serials", function()
  local asked

  -- pages: lists of serials
  local function new(pages)
    asked = {}
    return sample_of.new { ask = function(_, operation, parameters)
      asked[#asked + 1] = { operation, parameters }
      local list = {}
      for i, serial in ipairs(pages[#asked] or {}) do list[i] = { SerialNumber = serial } end
      return pages[#asked] and { CertificateList = list }
    end }
  end

  local function page(from)
    local serials = {}
    for i = 1, 50 do serials[i] = ("0A%04X"):format(from + i) end
    return serials
  end

  it("is read page by page, each serial once, as the service writes it", function()
    local sample = new { page(0), { "0a0001", "C0", "no serial" } }
    assert.is_true(sample:read_page())
    assert.equal(50, #sample.known)
    assert.is_false(sample:read_page())
    assert.equal(51, #sample.known)
    assert.same({ key = "0a0001", wire = "0A0001" }, sample.known[1])
    assert.same({ key = "c0", wire = "C0" }, sample.known[51])
    assert.same({ { "ListClientCertificate", { CurrentPage = 1, ShowSize = 50 } },
      { "ListClientCertificate", { CurrentPage = 2, ShowSize = 50 } } }, asked)
  end)

  it("is empty where there is no list", function()
    for _, sample in ipairs { new {}, new { {} } } do
      assert.is_false(sample:read_page())
      assert.same({}, sample.known)
    end
  end)

  it("fills a call with strangers before those that are known", function()
    local sample = new { page(0) }
    sample:read_page()
    local entries = sample:fill(1000, true)
    assert.is_true(#entries > 200 and #entries < 250)
    assert.same(sample.known[1], entries[#entries - 49])
    assert.same(sample.known[50], entries[#entries])
    local bytes = -3
    for _, entry in ipairs(entries) do bytes = bytes + #entry.wire + 3 end
    assert.is_true(bytes <= 7500 and bytes > 7450)
    assert.equal(60, #sample:fill(60, true))
  end)

  it("has none but those that are known where no others may come", function()
    local sample = new { page(0) }
    sample:read_page()
    assert.same(sample.known, sample:fill(1000, false))
    assert.equal(7, #sample:fill(7, false))
  end)

  it("has strangers of the usual length, none twice", function()
    local one, two = sample_of.stranger(), sample_of.stranger()
    assert.is_truthy(one:find("^7f" .. ("%x"):rep(34) .. "$"))
    assert.not_equal(one, two)
    assert.equal(one, require("certstat.core").serial(one))
  end)
end)
