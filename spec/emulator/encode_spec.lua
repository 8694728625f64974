local encode = require "certstat.emulator.encode"

local function nothing() end

local shape = {
  { "Text", "string" }, { "Count", "integer" }, { "Flag", "boolean" },
  { "List", { list = { { "A", "string" }, { "B", "integer" } } } },
  { "One", { object = { { "C", "string" } } } },
}

local function json(values) return table.concat(encode.json(shape, values, nothing)) end

describe("encode.json", function()
  it("writes the fields of the shape in its order, and no other", function()
    assert.equal('{"Text":"a\\"b","Count":1795493890000,"Flag":false,"List":[{"A":"x","B":0},{"A":"y"}],'
      .. '"One":{"C":"z"}}', json {
        Text = 'a"b', Count = 1795493890000, Flag = false, Other = "secret",
        List = { { A = "x", B = 0 }, { A = "y", Z = 1 } }, One = { C = "z" },
      })
  end)

  it("leaves out what is absent, and tells an empty list from an empty object", function()
    assert.equal("{}", json {})
    assert.equal('{"List":[],"One":{}}', json { List = {}, One = {} })
  end)

  it("pauses after each element of a list", function()
    local pauses = 0
    encode.json(shape, { List = { {}, {}, {} } }, function() pauses = pauses + 1 end)
    assert.equal(3, pauses)
  end)

  for name, case in pairs {
    Text = { 1, "field Text: expected string, found number" },
    Count = { "1", "field Count: expected integer, found string" },
    Flag = { 0, "field Flag: expected boolean, found number" },
  } do
    it("raises for a wrong type of " .. name, function()
      local ok, message = pcall(json, { [name] = case[1] })
      assert.is_false(ok)
      assert.equal(case[2], message)
    end)
  end
end)
