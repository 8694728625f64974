local items = require "spec.sources.items"
local text = require "certstat.sources.text"

describe("sources.text", function()
  it("gives a serial a line and where it stands, without blank lines and comments", function()
    assert.same({ "a:3 08:4b", "a:4 dec:12", "a:6 a,b" },
      items.all(text(items.reader("# serials\n\n 08:4b \r\n\tdec:12\n   # more\na,b"), "a")))
  end)

  it("gives a row for a line that is too long", function()
    assert.same({ "a:1 01", "! " .. ("2"):rep(64) .. ": a:2: longer than 1048576 bytes", "a:3 03" },
      items.all(text(items.reader("01\n" .. ("2"):rep(1048577) .. "\n03\n"), "a")))
  end)

  it("ends with what made reading fail", function()
    local reader = require("certstat.sources.lines").new({ read = function() return nil, "Is a directory" end })
    assert.same({ {}, "Is a directory" }, { items.all(text(reader, "a")) })
  end)
end)
