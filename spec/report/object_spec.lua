local columns = require "certstat.report.columns"
local object = require "certstat.report.object"

describe("report.object", function()
  it("has every member, in the columns' order, null where the row has none", function()
    assert.equal('{"serial":"08:4B:DE","key":"084bde","status":"revoked","revoked_at":"2026-01-02T03:04:05Z",'
      .. '"class":null,"code":null,"message":null}', object.encode({
        serial = "08:4B:DE", key = "084bde", status = "revoked", revoked_at = 1767323045,
      }, columns.status))
  end)

  local strings = {
    { "plain", '"plain"' },
    { 'a "quote" and a \\', '"a \\"quote\\" and a \\\\"' },
    { "\0\1\27[31m\127", '"\\u0000\\u0001\\u001b[31m\\u007f"' },
    { "\t\r\n", '"\\t\\r\\n"' },
    { "/", '"/"' },
    { "\195\169 \228\184\173 \240\159\148\146", '"\195\169 \228\184\173 \240\159\148\146"' },
    { "\194\155", '"\\u009b"', "a C1 control" },
    { "\226\128\174", '"\\u202e"', "a bidirectional control" },
    { "\226\128\168", '"\\u2028"', "a line separator" },
    { "\239\187\191", '"\\ufeff"', "a byte order mark" },
    { "\255", '"\\ufffd"', "a byte that UTF-8 does not have" },
    { "\128", '"\\ufffd"', "a continuation without a lead" },
    { "\192\128", '"\\ufffd\\ufffd"', "an overlong form of two bytes" },
    { "\224\128\128", '"\\ufffd\\ufffd\\ufffd"', "an overlong form of three" },
    { "\240\128\128\128", '"\\ufffd\\ufffd\\ufffd\\ufffd"', "an overlong form of four" },
    { "\237\160\128", '"\\ufffd\\ufffd\\ufffd"', "a surrogate" },
    { "\244\144\128\128", '"\\ufffd\\ufffd\\ufffd\\ufffd"', "beyond U+10FFFF" },
    { "a\228\184", '"a\\ufffd\\ufffd"', "a truncated character" },
    { "\228\184 b", '"\\ufffd\\ufffd b"', "one cut by ASCII" },
  }
  for _, case in ipairs(strings) do
    it("writes " .. (case[3] or case[2]), function()
      assert.equal(case[2], object.string(case[1]))
    end)
  end

  it("is read back by cjson as it was", function()
    local bytes = {}
    for i = 0, 127 do
      bytes[#bytes + 1] = string.char(i)
    end
    local text = table.concat(bytes) .. "\228\184\173\240\159\148\146\194\155"
    assert.equal(text, require("cjson").new().decode("[" .. object.string(text) .. "]")[1])
  end)
end)
