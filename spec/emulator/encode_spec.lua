local encode = require "certstat.emulator.encode"

local function nothing() end

local shape = {
  { "Text", "string" }, { "Count", "integer" }, { "Flag", "boolean" },
  { "List", { list = { { "A", "string" }, { "B", "integer" } } } },
  { "Words", { list = "string" } }, { "Raw", "json" },
  { "One", { object = { { "C", "string" } } } },
}

local function write(format, values)
  local pieces, content_type = encode.reply({ format = format, root = "R", shape = shape, values = values }, nothing)
  return table.concat(pieces), content_type
end

local function json(values) return (write("json", values)) end

local XML = '<?xml version="1.0" encoding="UTF-8"?>'
local values = {
  Text = 'a"<b>&', Count = 1795493890000, Flag = false, Other = "secret",
  List = { { A = "x", B = 0 }, { A = "y", Z = 1 } }, Words = { "v", "w" }, One = { C = "z" },
}

describe("a reply in JSON", function()
  it("has the fields of the shape in its order, and no other", function()
    local text, content_type = write("json", values)
    assert.equal('{"Text":"a\\"<b>&","Count":1795493890000,"Flag":false,"List":[{"A":"x","B":0},{"A":"y"}],'
      .. '"Words":["v","w"],"One":{"C":"z"}}', text)
    assert.equal("application/json;charset=utf-8", content_type)
  end)

  it("leaves out what is absent, and tells an empty list from an empty object", function()
    assert.equal("{}", json {})
    assert.equal('{"List":[],"Words":[],"One":{}}', json { List = {}, Words = {}, One = {} })
  end)

  it("has a time as it is", function()
    local function time(value)
      local pieces = encode.reply({ format = "json", shape = { { "T", "time" } }, values = { T = value } }, nothing)
      return table.concat(pieces)
    end
    assert.same({ '{"T":1795493890000}', '{"T":"2021"}', '{"T":null}', "{}" },
      { time(1795493890000), time("2021"), time(encode.null), time(nil) })
    assert.has_error(function() time(true) end, "field T: no value for it is a boolean")
    local xml = encode.reply({ format = "xml", root = "R", shape = { { "T", "time" } }, values = { T = encode.null } },
      nothing)
    assert.equal('<?xml version="1.0" encoding="UTF-8"?><R><T></T></R>', table.concat(xml))
  end)

  it("has JSON that a fault gives as it is", function()
    assert.equal('{"Raw":[1}', json { Raw = "[1" })
  end)
end)

describe("a reply in XML", function()
  it("has the same, a list's elements one after the other", function()
    local text, content_type = write("xml", values)
    assert.equal(XML .. "<R><Text>a&quot;&lt;b&gt;&amp;</Text><Count>1795493890000</Count><Flag>false</Flag>"
      .. "<List><A>x</A><B>0</B></List><List><A>y</A></List><Words>v</Words><Words>w</Words><One><C>z</C></One></R>",
      text)
    assert.equal("text/xml;charset=utf-8", content_type)
  end)

  it("leaves out what is absent, an empty list too", function()
    assert.equal(XML .. "<R></R>", (write("xml", {})))
    assert.equal(XML .. "<R><One></One></R>", (write("xml", { List = {}, One = {} })))
  end)

  it("has no control characters that XML has not", function()
    assert.equal(XML .. "<R><Text>a?b?c\n\td?</Text></R>", (write("xml", { Text = "a\0b\27c\n\td\31" })))
  end)
end)

describe("every reply", function()
  for _, format in ipairs { "json", "xml" } do
    it("pauses after each element of a list in " .. format, function()
      local pauses = 0
      encode.reply({ format = format, root = "R", shape = shape, values = { List = { {}, {}, {} } } },
        function() pauses = pauses + 1 end)
      assert.equal(3, pauses)
    end)

    for name, case in pairs {
      Text = { 1, "field Text: no value for it is a number" },
      Count = { "1", "field Count: no value for it is a string" },
      Flag = { 0, "field Flag: no value for it is a number" },
      Words = { { 1 }, "field Words: no value for it is a number" },
    } do
      it(("raises for a wrong type of %s in %s"):format(name, format), function()
        local ok, message = pcall(write, format, { [name] = case[1] })
        assert.is_false(ok)
        assert.equal(case[2], message)
      end)
    end
  end
end)
