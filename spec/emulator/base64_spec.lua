local base64 = require "certstat.emulator.base64"

describe("base64.decode", function()
  -- RFC 4648 10, and all six bits of each place
  for text, bytes in pairs {
    [""] = "", ["Zg=="] = "f", ["Zm8="] = "fo", ["Zm9v"] = "foo", ["Zm9vYg=="] = "foob", ["Zm9vYmE="] = "fooba",
    ["Zm9vYmFy"] = "foobar", ["AAAA"] = "\0\0\0", ["////"] = "\255\255\255", ["+/+/"] = "\251\255\191",
    ["Zm9v\nYmFy\r\n"] = "foobar",
  } do
    it(("decodes '%s'"):format((text:gsub("%c", " "))), function() assert.equal(bytes, base64.decode(text)) end)
  end

  for _, text in ipairs { "Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Zm-v", "Zg==Zg==", "====" } do
    it(("refuses '%s'"):format(text), function() assert.is_nil(base64.decode(text)) end)
  end
end)
