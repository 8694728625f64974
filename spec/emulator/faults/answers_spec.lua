local answers = require "certstat.emulator.faults.answers"
local encode = require "certstat.emulator.encode"
local random = require "certstat.emulator.faults.random"
local rule = require "certstat.emulator.faults.rule"

local SHAPE = {
  { "List", { list = { { "Status", "string" }, { "SerialNumber", "string" } } } }, { "RequestId", "string" },
}

-- rows: {{status, serial}, …}, none by default
local function reply(rows)
  local list = {}
  for i, pair in ipairs(rows or {}) do list[i] = { Status = pair[1], SerialNumber = pair[2] } end
  return { status = 200, headers = {}, shape = SHAPE, values = { List = list, RequestId = "R" } }
end

local function spoilt(given, before, call)
  local read = assert(rule.read(given))
  read.random = random.new(1)
  answers.spoil(before, { read }, call or {})
  return before
end

local function rows_after(kind, rows)
  local out = {}
  for i, element in ipairs(spoilt({ fault = kind }, reply(rows)).values.List) do
    out[i] = element.SerialNumber .. " " .. element.Status
  end
  return table.concat(out, ", ")
end

local function json_after(given)
  local after = spoilt(given, reply { { "good", "0a" }, { "revoked", "0b" } })
  return table.concat((encode.reply({ format = "json", shape = after.shape, values = after.values }, function() end)))
end

describe("a fault of an answer", function()
  for kind, expected in pairs {
    duplicate = "0a good, 0b revoked, 0a good", missing = "0b revoked", reordered = "0b revoked, 0a good",
    contradicting = "0a good, 0b revoked, 0a revoked", foreign = "00 good, 0b revoked",
  } do
    it(kind .. " changes its rows", function()
      assert.equal(expected, rows_after(kind, { { "good", "0a" }, { "revoked", "0b" } }))
      assert.equal("", rows_after(kind))
    end)
  end

  it("reorders and contradicts in the words of a list, too", function()
    assert.equal("0c good, 0b good, 0a good",
      rows_after("reordered", { { "good", "0a" }, { "good", "0b" }, { "good", "0c" } }))
    assert.equal("0a ISSUE, 0a REVOKE", rows_after("contradicting", { { "ISSUE", "0a" } }))
  end)

  it("names a stranger that was not asked for", function()
    local all = {}
    for digit = 0, 15 do all[digit + 1] = { "good", ("1%x"):format(digit) } end
    assert.equal("1000 good, 11 good", rows_after("foreign", all):match("^.-, 11 good"))
    assert.equal("11 good, 10 good", rows_after("foreign", { { "good", "12" }, { "good", "10" } }))
  end)

  it("gives a field a value of any type, in the reply or in each element of its list", function()
    assert.equal('{"List":{"0a":"good"},"RequestId":"R"}',
      json_after { fault = "field", name = "List", value = { ["0a"] = "good" } })
    assert.equal('{"List":[{"Status":7,"SerialNumber":"0a"},{"Status":7,"SerialNumber":"0b"}],"RequestId":"R"}',
      json_after { fault = "field", name = "List.Status", value = 7 })
    local tags = { status = 200, values = { Tags = { "a" } }, shape = { { "Tags", { list = "string" } } } }
    spoilt({ fault = "field", name = "Tags.Key", value = 7 }, tags)
    assert.same({ Tags = { "a" } }, tags.values)
    assert.equal('{"List":[{"Status":"good","SerialNumber":"0a"},{"Status":"revoked","SerialNumber":"0b"}],'
      .. '"RequestId":"R"}', json_after { fault = "field", name = "Other.Status", value = 7 })
  end)

  it("replaces the body", function()
    local after = spoilt({ fault = "error", code = "Weird", message = "m" }, reply())
    after.format = "xml"
    assert.equal(503, after.status)
    assert.equal('<?xml version="1.0" encoding="UTF-8"?><Error><RequestId>R</RequestId><Code>Weird</Code>'
      .. "<Message>m</Message></Error>", table.concat((encode.reply(after, function() end))))
    after = spoilt({ fault = "text", text = "<html>", status = 502 }, reply())
    assert.same({ 502, "text/html", "<html>" }, { after.status, after.content_type, after.body })
    after = spoilt({ fault = "redirect", location = "http://x/" }, reply())
    assert.same({ 302, "http://x/", "" }, { after.status, after.headers.Location, after.body })
  end)

  it("says how it is sent", function()
    assert.equal(40, spoilt({ fault = "truncated" }, reply()).cut)
    assert.is_true(spoilt({ fault = "endless" }, reply()).endless)
    assert.equal(5, spoilt({ fault = "drip", every_ms = 5 }, reply()).drip.every_ms)
    assert.equal(-60, spoilt({ fault = "date", offset_s = -60 }, reply()).date_offset_s)
    local after = spoilt({ fault = "reset", after_bytes = 9 }, reply())
    assert.same({ "reset", 9 }, { after.ending, after.after_bytes })
    assert.equal("close", spoilt({ fault = "close" }, reply()).ending)
    assert.is_nil(spoilt({ fault = "close_kept" }, reply(), { is_kept = false }).ending)
    assert.equal("close", spoilt({ fault = "close_kept" }, reply(), { is_kept = true }).ending)
  end)

  it("adds up latencies", function()
    local after = reply()
    for _ = 1, 2 do spoilt({ fault = "latency", ms = 250 }, after) end
    assert.equal(0.5, after.delay_s)
    assert.equal(600, spoilt({ fault = "latency", ms = { uniform = { 1e9, 1e9 } } }, reply()).delay_s)
  end)
end)
