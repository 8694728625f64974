local files = require "spec.emulator.files"
local script = require "certstat.report.html.script"

describe("report.html.script", function()
  it("is the text that its hash permits", function()
    local name = os.tmpname()
    files.write(name, script.text)
    assert.equal(files.shell("openssl dgst -sha256 -binary " .. name .. " | openssl base64"), script.hash .. "\n")
    os.remove(name)
  end)

  it("loads nothing and ends no element", function()
    assert.is_nil(script.text:find("https?:"))
    assert.is_nil(script.text:find("url(", 1, true))
    assert.is_nil(script.text:find("</", 1, true))
    assert.is_nil(script.text:find("<!--", 1, true))
  end)
end)
