local items = require "spec.sources.items"
local log = require "certstat.sources.log"

local NGINX = '10.0.0.1 - - [24/Nov/2026:07:00:00 +0000] "GET / HTTP/2.0" 200 12 "-" "curl/8" '

local function named(text, field)
  return items.all(log.items(items.reader(text), "l", field))
end

local function matching(text, pattern)
  return items.all(log.matches(items.reader(text), "l", pattern))
end

describe("sources.log", function()
  local forms = {
    'serial=084BDE', 'serial="084BDE"', "serial:084BDE", 'serial: "084BDE"', "[serial=084BDE]", "{serial=084BDE}",
    "a=1,serial=084BDE,b=2", "serial=084BDE;", '{"serial":"084BDE","uri":"/"}',
  }
  for _, form in ipairs(forms) do
    it("finds the field in " .. form, function()
      assert.same({ "l:1 084BDE" }, named((form:find('^{"') and "" or NGINX) .. form .. "\n", "serial"))
    end)
  end

  it("takes the field's whole name", function()
    assert.same({ "l:1 02" }, named("ssl_serial=01 serial=02 serial2=03\n", "serial"))
    assert.same({ "l:1 01" }, named("$ssl_client_serial=01\n", "$ssl_client_serial"))
  end)

  it("passes over clients without a certificate", function()
    local text = 'serial=-\nserial=""\nserial=\nserial=01\n{"serial":null}\n{"serial":"-"}\n\n'
    assert.same({ "l:4 01" }, named(text, "serial"))
  end)

  it("does not take what a client wrote in quotes for the field", function()
    local line = '"GET /?serial=66 HTTP/1.1" "agent serial=66" ua="serial=66" serial=01\n'
    assert.same({ "l:1 01" }, named(line, "serial"))
    assert.same({ '! "serial=66": l:1: expected the field \'serial\', found none' }, named('"serial=66"\n', "serial"))
  end)

  it("gives a row for a line without the field", function()
    assert.same({
      "l:1 01", "! Server web/a is DOWN: l:2: expected the field 'serial', found none",
      '! {"seria: l:3: expected a JSON object',
      ("! %s: l:4: longer than 1048576 bytes"):format(("x"):rep(64)),
      '! "unclosed serial=2: l:5: expected the field \'serial\', found none',
    }, named('serial=01\nServer web/a is DOWN\n{"seria\n' .. ("x"):rep(1048577) .. '\n"unclosed serial=2\n', "serial"))
  end)

  it("gives what a pattern captures, or matches, and passes over other lines", function()
    assert.same({ "l:1 01", "l:3 ff" }, matching("client 01 a\nclient - b\nclient ff c\n", "client (%x+)"))
    assert.same({ "l:2 084BDE" }, matching("none\nx 084BDE\n", "%x%x%x%x%x%x"))
    assert.same({ "! " .. ("x"):rep(64) .. ": l:1: longer than 1048576 bytes" }, matching(("x"):rep(1048577), "x"))
  end)

  it("ends with what is wrong with a pattern", function()
    assert.same({ {}, "the pattern 'a()' captures a position, not text" }, { matching("a\n", "a()") })
    local found, message = matching("01\n", "(%x+")
    assert.same({}, found)
    assert.is_truthy(message:find("^the pattern '%(%%x%+' is none: .*unfinished capture"), message)
  end)
end)
