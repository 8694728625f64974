local each_line = require "certstat.sources.each_line"
local items = require "spec.sources.items"

describe("sources.each_line", function()
  local function read(line)
    if line == "end" then return false, "no more" end
    if line == "" then return nil end
    if line:find("^!") then return nil, "not that" end
    return { serial = line }
  end

  it("gives an item a line, rows for bad ones, and passes over what is nothing", function()
    local long = "!" .. ("x"):rep(100)
    assert.same({
      "f:1 a", "! !b: f:3: not that", "f:4 c", "! " .. long:sub(1, 64) .. ": f:5: not that",
    }, (items.all(each_line(items.reader("a\n\n!b\nc\n" .. long .. "\n"), "f", read))))
  end)

  it("ends where no line can be read", function()
    local found, message = items.all(each_line(items.reader("a\nend\nb\n"), "f", read))
    assert.same({ "f:1 a" }, found)
    assert.equal("no more", message)
  end)

  it("says of a line that is too long that it is", function()
    local found = items.all(each_line(items.reader(("x"):rep(1048577) .. "\ny\n"), "f", read))
    assert.equal("! " .. ("x"):rep(64) .. ": f:1: longer than 1048576 bytes", found[1])
    assert.equal("f:2 y", found[2])
  end)

  it("says why reading failed", function()
    local reader = { number = 0, next = function() return nil, "I/O error" end }
    local found, message = items.all(each_line(reader, "f", read))
    assert.same({}, found)
    assert.equal("I/O error", message)
  end)
end)
