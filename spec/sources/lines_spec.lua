local lines = require "certstat.sources.lines"

-- a file that gives its pieces one by one, then nil and `message`
local function pieces(list, message)
  local at = 0
  return { read = function()
    at = at + 1
    return list[at], list[at] == nil and message or nil
  end }
end

local function all(reader)
  local found = {}
  while true do
    local line, message = reader:next()
    if not line then
      return found, message
    end
    found[#found + 1] = message and { line, message } or line
  end
end

describe("sources.lines", function()
  local cases = {
    { "nothing", {}, {} },
    { "an empty line", { "\n" }, { "" } },
    { "LF", { "a\nb\n" }, { "a", "b" } },
    { "CRLF", { "a\r\nb\r\n" }, { "a", "b" } },
    { "a last line without an end", { "a\nb" }, { "a", "b" } },
    { "lines that lie across pieces", { "a", "b\nc", "", "d\r", "\ne" }, { "ab", "cd", "e" } },
    { "bytes that are no text", { "\0\255\n\1" }, { "\0\255", "\1" } },
  }
  for _, case in ipairs(cases) do
    it("reads " .. case[1], function()
      assert.same(case[3], all(lines.new(pieces(case[2]))))
    end)
  end

  it("says the same however the text is cut", function()
    local text = "first\r\n\nthird\n\nlast"
    for cut = 1, #text - 1 do
      local reader = lines.new(pieces { text:sub(1, cut), text:sub(cut + 1) })
      assert.same({ "first", "", "third", "", "last" }, all(reader))
      assert.equal(5, reader.number)
    end
  end)

  it("gives a line of the greatest length, and the start of a longer one", function()
    local most = ("x"):rep(lines.MOST)
    local found = all(lines.new(pieces { most .. "\n" .. most .. "y\nz" }))
    assert.equal(most, found[1])
    assert.same({ ("x"):rep(64), "longer than 1048576 bytes" }, found[2])
    assert.equal("z", found[3])
  end)

  it("keeps no more than a line's length of a line that never ends", function()
    local left, most = 64, 0
    local reader = lines.new({ read = function(_, n)
      left = left - 1
      return left >= 0 and ("x"):rep(n) or nil
    end })
    local held = reader.next
    assert.same({ { ("x"):rep(64), "longer than 1048576 bytes" } }, all(setmetatable({}, {
      __index = function()
        return function()
          local line, message = held(reader)
          most = math.max(most, #reader.pending)
          return line, message
        end
      end,
    })))
    assert.is_true(most <= 65536)
  end)

  it("says that reading failed", function()
    local found, message = all(lines.new(pieces({ "a\nb" }, "Input/output error")))
    assert.same({ "a" }, found)
    assert.equal("Input/output error", message)
  end)

  it("shows the first bytes without taking them", function()
    local reader = lines.new(pieces { "head\nrest" })
    assert.equal("head\nrest", reader:head())
    assert.equal(0, reader:position())
    assert.equal("head", reader:next())
    assert.equal(5, reader:position())
    assert.equal("rest", reader:next())
    assert.equal(9, reader:position())
    assert.equal("", lines.new(pieces {}):head())
  end)

  it("gives the rest, up to a limit", function()
    local reader = lines.new(pieces { "a\nb", "\nc" })
    reader:next()
    assert.equal("b\nc", reader:rest(3))
    assert.is_nil(reader:next())
    assert.same({ nil, "longer than 3 bytes" }, { lines.new(pieces { "abcd" }):rest(3) })
    assert.same({ nil, "no" }, { lines.new(pieces({ "a" }, "no")):rest(3) })
  end)
end)
