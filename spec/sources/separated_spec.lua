local items = require "spec.sources.items"
local separated = require "certstat.sources.separated"

local function csv(text, column)
  return items.all(separated.csv(items.reader(text), "c", column or "serial"))
end

local function tsv(text, column)
  return items.all(separated.tsv(items.reader(text), "t", column or "serial"))
end

describe("sources.separated", function()
  it("gives the column that the header names", function()
    assert.same({ "c:2 01", "c:3 02" }, csv("name,serial\r\na,01\r\nb,02\r\n"))
    assert.same({ "t:2 01", "t:3 02" }, tsv("serial\tname\n01\ta\n02\tb"))
    assert.same({ "c:2 a" }, csv("name,serial\na,01\n", "name"))
    assert.same({ "c:2 01" }, csv("\239\187\191serial,name\n01,a\n"))
    assert.same({ "t:2 a\"b" }, tsv("serial\na\"b\n"))
  end)

  it("reads quoted fields: commas, quotes, line ends in them", function()
    assert.same({ "c:2 01", "c:4 0,2", 'c:5 "', "c:6 06" },
      csv('name,"serial"\n"a\nb, ""c""",01\n,"0,2"\nx,""""\n"",06\n'))
    assert.same({ "c:2 1\n2" }, csv('serial\n"1\r\n2"\n'))
  end)

  it("passes over blank lines", function()
    assert.same({ "c:2 01", "c:5 02" }, csv("serial\n01\n\n\r\n02\n"))
  end)

  local bad = {
    { 'x', "expected at least 2 fields, found 1" },
    { 'a"b,01', "there is a quote within a field that does not begin with one" },
    { '"a"b,01', "there is something between a closing quote and the comma" },
    { ("x"):rep(1048577), "longer than 1048576 bytes" },
  }
  for i, case in ipairs(bad) do
    it("gives a row for a bad record, " .. i .. ", and goes on behind it", function()
      local text = "name,serial\na,01\n" .. case[1] .. "\nc,03\n"
      assert.same({ "c:2 01", "! c:3: c:3: " .. case[2], "c:4 03" }, csv(text))
    end)
  end

  it("gives a row for a quoted field that is too long", function()
    assert.equal("! c:2: c:2: longer than 1048576 bytes", csv('serial\n"' .. (("x"):rep(1023) .. "\n"):rep(1100))[1])
  end)

  it("gives a row for a quoted field without end", function()
    assert.same({ "c:2 01", "! c:3: c:3: a quoted field has no end" }, csv('serial\n01\n"02\n03\n'))
  end)

  it("gives a row for a line of TSV that is too short or too long", function()
    assert.same({ "! t:2: t:2: expected at least 2 fields, found 1", "t:4 01" }, tsv("a\tserial\nx\n\n\t01\n"))
    assert.same({ "! t:2: t:2: longer than 1048576 bytes" }, tsv("serial\n" .. ("x"):rep(1048577) .. "\n"))
  end)

  it("needs the column", function()
    assert.same({ {}, "c: expected a column 'serial', found a, b" }, { csv("a,b\n1,2\n") })
    assert.same({ {}, "c:1: there is a quote within a field that does not begin with one" }, { csv('a"b\n') })
    assert.same({ {} }, { csv("") })
  end)
end)
