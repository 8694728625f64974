local core = require "certstat.core"

describe("core.lines", function()
  local lines

  before_each(function() lines = core.lines() end)
  after_each(function() lines:close() end)

  -- A reading of a text whose lines are their keys; the starred ones are marked.
  local function read(text)
    lines:begin()
    local from = 1
    while true do
      from = lines:same(text, from)
      local last = text:find("\n", from, true)
      if not last then break end
      local line = text:sub(from, last - 1)
      assert.is_true(lines:add(line, line, line:find("*", 1, true)))
      from = last + 1
    end
    return from
  end

  it("answers from the last whole reading", function()
    assert.same({ 0 }, { lines:count(), lines:at(1), lines:find("a"), lines:nth_marked(1) })
    assert.equal(10, read("a\nb*\n\nc*\nd"))
    assert.same({ 0, 4 }, { lines:count(), lines:read() })
    assert.is_true(lines:finish())
    assert.is_false(lines:tidy())
    assert.same({ 4, 0 }, { lines:count(), lines:read() })
    assert.same({ "a", "b*", "", "c*" }, { lines:at(1), lines:at(2), lines:at(3), lines:at(4) })
    for _, none in ipairs { 0, -1, 5, 1e15 } do assert.is_nil(lines:at(none)) end
    assert.same({ 4, 2 }, { lines:find("c*"), lines:find("b*", 4) })
    assert.is_nil(lines:find("b*", 2))
    assert.same({ 2, 1, 0 }, { lines:marked(), lines:marked(3), lines:marked(0) })
    assert.same({ 2, 4 }, { lines:nth_marked(1), lines:nth_marked(2) })
    assert.is_nil(lines:nth_marked(3))
    lines:mark(1)
    assert.same({ 1, 3 }, { lines:nth_marked(1), lines:marked() })
  end)

  it("takes over what has stayed the same", function()
    read("a\nb\nc\n")
    assert.is_true(lines:finish())
    lines:begin()
    assert.equal(5, lines:same("a\nb\nx\n", 1))
    assert.equal(6, lines:same("\n\nxc\n", 6))
    assert.equal(5, lines:same("xxa\n", 5))
  end)

  it("refuses a line that is too long", function()
    lines:begin()
    local ok, message, info = lines:add(("x"):rep(65537), "x")
    assert.same({ nil, "the line is longer than 65536 bytes", "limit" }, { ok, message, info.class })
  end)

  it("raises where it is misused", function()
    for _, wrong in ipairs { 0, 4 } do
      local ok, message = pcall(lines.same, lines, "ab", wrong)
      assert.is_false(ok)
      assert.is_truthy(message:find("outside the text", 1, true))
    end
    local closed = core.lines()
    closed:close()
    closed:close()
    local ok, message = pcall(closed.count, closed)
    assert.is_false(ok)
    assert.is_truthy(message:find("is closed", 1, true))
  end)
end)
