local cjson = require("cjson").new()
local rule = require "certstat.emulator.faults.rule"

describe("a fault of a scenario", function()
  it("has its fields, and what they are where they are absent", function()
    local read = rule.read { fault = "drip", every_ms = 5 }
    assert.same({ "drip", false, 1, 5 }, { read.kind, read.handshake, read.bytes, read.every_ms })
    read = rule.read { fault = "error" }
    assert.same({ 503, "ServiceUnavailable" }, { read.status, read.code })
    assert.is_true(rule.read({ fault = "expired" }).handshake)
    assert.equal("null", rule.read({ fault = "field", name = "A", value = cjson.null }).value)
    assert.is_nil(rule.read({ fault = "reset" }).after_bytes)
  end)

  it("names the calls it is for", function()
    assert.same({ { 1, 1 }, { 3, 5 }, { 9, math.huge } }, rule.read({ fault = "endless", calls = "1,3-5,9-" }).calls)
  end)

  for _, ms in ipairs { 0, 1.5, 600000, { uniform = { 1, 2 } }, { exponential = 3 }, { lognormal = { 4, 0.5 } } } do
    it("takes a latency of " .. cjson.encode(ms), function()
      assert.same(ms, rule.read({ fault = "latency", ms = ms }).ms)
    end)
  end

  local NUMBERS = [['calls': expected numbers of calls as in "1,3-5,9-"]]
  local MS = [[latency: 'ms': expected milliseconds, or one of {"uniform":[LEAST,MOST]}, {"exponential":MEAN}, ]]
    .. [[{"lognormal":[MEDIAN,SIGMA]}]]
  for _, case in ipairs {
    { 7, "expected an object" },
    { {}, "expected the kind of fault in 'fault', found a nil" },
    { { fault = "fire" }, "expected the kind of fault in 'fault', found 'fire'" },
    { { fault = "latency" }, "latency: it needs 'ms'" },
    { { fault = "latency", ms = -1 }, MS }, { { fault = "latency", ms = "1" }, MS },
    { { fault = "latency", ms = { uniform = { 1 } } }, MS }, { { fault = "latency", ms = { normal = 1 } }, MS },
    { { fault = "endless", bytes = 1 }, "endless: it has no 'bytes'" },
    { { fault = "truncated", bytes = 1.5 }, "truncated: 'bytes': expected a whole number from 0 to 16777216" },
    { { fault = "error", status = 200 }, "error: 'status': expected a whole number from 400 to 599" },
    { { fault = "text", text = 7 }, "text: 'text': expected a string" },
    { { fault = "redirect", location = "a\r\nb: c" },
      "redirect: 'location': expected a string of 1 to 1000 bytes without control characters" },
    { { fault = "expired", action = "A" }, "expired: it has no 'action'" },
    { { fault = "endless", probability = 1.1 }, "endless: 'probability': expected a number from 0 to 1" },
    { { fault = "endless", calls = "" }, "endless: " .. NUMBERS },
    { { fault = "endless", calls = "1;2" }, "endless: " .. NUMBERS },
    { { fault = "endless", calls = "-2" }, "endless: " .. NUMBERS },
    { { fault = "endless", calls = 1 }, "endless: " .. NUMBERS },
  } do
    it("is refused: " .. cjson.encode(case[1]), function()
      local read, message = rule.read(case[1])
      assert.is_nil(read)
      assert.equal(case[2], message)
    end)
  end
end)
