local files = require "spec.emulator.files"
local style = require "certstat.report.html.style"

describe("report.html.style", function()
  it("is the text that its hash permits", function()
    local name = os.tmpname()
    files.write(name, style.text)
    assert.equal(files.shell("openssl dgst -sha256 -binary " .. name .. " | openssl base64"), style.hash .. "\n")
    os.remove(name)
  end)

  it("loads nothing and ends no element", function()
    assert.is_nil(style.text:find("https?:"))
    assert.is_nil(style.text:find("url(", 1, true))
    assert.is_nil(style.text:find("</", 1, true))
    assert.is_nil(style.text:find("<!--", 1, true))
  end)
end)
