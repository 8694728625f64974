local items = require "spec.sources.items"
local ndjson = require "certstat.sources.ndjson"

local function all(text, field)
  return items.all(ndjson.items(items.reader(text), "n", field))
end

describe("sources.ndjson", function()
  it("gives a member of each object", function()
    assert.same({ "n:1 084bde", "n:3 B6:7E" }, all('{"id":1,"serial":"084bde"}\n\n {"serial":"B6:7E"}\r\n', "serial"))
  end)

  it("finds a path of members, and before that a member whose name has dots", function()
    assert.same({ "n:1 01", "n:2 02" }, all('{"tls":{"serial":"01"}}\n{"tls.serial":"02","tls":{"serial":"01"}}\n',
      "tls.serial"))
  end)

  local bad = {
    { "084bde", "expected a JSON object" },
    { "[", "expected a JSON object" },
    { '"084bde"', "expected a JSON object" },
    { '{"serial":"01"} x', "expected a JSON object" },
    { '{"id":"01"}', "expected a string in the field 'serial', found nothing" },
    { '{"serial":{}}', "expected a string in the field 'serial', found a table" },
    { '{"serial":12}', "expected a string in the field 'serial', found a number" },
  }
  for _, case in ipairs(bad) do
    it("gives a row for " .. case[1], function()
      assert.same({ "n:1 01", ("! %s: n:2: %s"):format(case[1], case[2]), "n:3 03" },
        all('{"serial":"01"}\n' .. case[1] .. '\n{"serial":"03"}\n', "serial"))
    end)
  end

  it("gives null as an empty serial, which is none", function()
    assert.same({ "n:1 " }, all('{"serial":null}\n', "serial"))
  end)

  it("gives a row for a line that is too long", function()
    assert.same({ "! " .. ("x"):rep(64) .. ": n:1: longer than 1048576 bytes" }, all(("x"):rep(1048577), "serial"))
  end)
end)
