local core = require "certstat.core"
local parse = require("certstat.sources.index").parse

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

  -- Lines of an index.txt with something changed: what is taken is what certstat.sources.index reads so.
  it("takes the plain lines of an index.txt, and none that the sources read otherwise", function()
    local seed = 20261124
    local function random(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    local bytes, taken, left = "VER\t\t\t0123456789aAfFxZ:-, \r\0/", 0, 0
    for _ = 1, 20000 do
      local line = ({ "V", "E", "R" })[random(3)] .. "\t271124041809Z\t\t0A1B" .. ("%X"):format(random(65536))
        .. "\tunknown\t/CN=x"
      for _ = 1, random(4) - 1 do
        local at, what, byte = random(#line), random(3), random(#bytes)
        local put = what == 2 and "" or bytes:sub(byte, byte)
        line = line:sub(1, what == 1 and at or at - 1) .. put .. line:sub(at + 1)
      end
      local entry = parse(line)
      lines:begin()
      if lines:take_index(line .. "\n", 1) == 1 then
        left = left + 1
      else
        taken = taken + 1
        assert.is_true(lines:finish())
        assert.is_truthy(entry, line)
        assert.is_truthy(entry.status:find("[VE]"), line)
        assert.same({ line, 1, 0 }, { lines:at(1), lines:find(entry.key), lines:marked() }, line)
      end
    end
    assert.is_true(taken > 3000 and left > 3000)
    assert.equal(1, lines:take_index("R\t271124041809Z\t261124041810Z\t0A1B\tunknown\t/CN=x\n", 1))
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
