local der = require "certstat.emulator.der"

local function bytes(hex)
  return (hex:gsub("%X", ""):gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

describe("der", function()
  it("reads elements in order", function()
    local text = bytes "02 01 05 04 03 61 62 63 05 00"
    local found = der.elements(text, 1, #text)
    assert.equal(3, #found)
    assert.same({ tag = 2, first = 3, last = 3, start = 1 }, found[1])
    assert.equal("abc", der.content(text, found[2]))
    assert.equal("", der.content(text, found[3]))
  end)

  it("reads long lengths", function()
    local text = bytes "04 81 80" .. ("x"):rep(128)
    assert.equal(128, #der.content(text, der.elements(text, 1, #text)[1]))
    text = bytes "04 82 01 00" .. ("x"):rep(256)
    assert.equal(256, #der.content(text, der.elements(text, 1, #text)[1]))
  end)

  it("goes never past the end of what is around it", function()
    local whole = bytes "30 06 02 01 05 04 01 61"
    for size = 1, #whole - 1 do
      local cut = whole:sub(1, size)
      local ok, message = pcall(der.elements, cut, 1, #cut)
      assert.is_false(ok)
      assert.equal("DER: cut off at byte 1", message)
    end
    local inner_too_long = bytes "30 03 02 05 05 00 00 00 00 00"
    local ok, message = pcall(der.elements, inner_too_long, 3, 5)
    assert.is_false(ok)
    assert.equal("DER: cut off at byte 3", message)
  end)

  it("refuses lengths that DER does not have", function()
    for _, hex in ipairs { "30 80 00 00", "30 85 01 01 01 01 01 00", "30 82 01" } do
      local text = bytes(hex)
      local ok, message = pcall(der.elements, text, 1, #text)
      assert.is_false(ok)
      assert.equal("DER: bad length at byte 1", message)
    end
  end)

  for hex, dotted in pairs {
    ["55 04 03"] = "2.5.4.3", ["2a 86 48 ce 3d 03 01 07"] = "1.2.840.10045.3.1.7", ["00"] = "0.0",
    ["81 34 03"] = "2.100.3", ["2a 81 1c cf 55 01 82 2d"] = "1.2.156.10197.1.301",
  } do
    it("reads the object identifier " .. dotted, function()
      local text = bytes(hex)
      assert.equal(dotted, der.oid(text, { first = 1, last = #text }))
    end)
  end
end)
