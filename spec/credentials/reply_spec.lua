local reply = require "certstat.credentials.reply"
local source = require "spec.credentials.source"

local NOW = source.NOW_S

describe("credentials.reply", function()
  it("takes texts that are there", function()
    for _, value in ipairs { "", 7, true, {}, require("cjson").null } do assert.is_nil(reply.text(value)) end
    assert.is_nil(reply.text(nil))
    assert.equal("a", reply.text("a"))
  end)

  it("reads JSON objects", function()
    assert.same({ a = "b" }, reply.object '{"a":"b"}')
    local rows = {
      { "", "is no JSON: Expected value but found T_END at character 1" },
      { '{"canary', "is no JSON: Expected object key string but found unexpected end of string at character 9" },
      { "[1]", "is no JSON object" }, { '"a"', "is no JSON object" },
    }
    for _, row in ipairs(rows) do assert.same({ n = 2, nil, row[2] }, { n = 2, reply.object(row[1]) }) end
  end)

  it("counts the time that is left by the reply's own clock, else by the machine's", function()
    local headers = { date = "Fri, 02 Jan 2026 05:04:05 GMT" }
    assert.equal(3599, reply.lifetime("2026-01-02T04:04:05Z", {}, NOW))
    assert.equal(59, reply.lifetime("2026-01-02T05:05:05Z", { headers = headers }, NOW))
    assert.same({ n = 2, nil, "had expired at 2026-01-02T05:04:05Z" },
      { n = 2, reply.lifetime("2026-01-02T05:04:05Z", { headers = headers }, NOW) })
    for _, value in ipairs { "", "soon", 7 } do
      assert.same({ n = 2, nil, "has no Expiration that is a time" }, { n = 2, reply.lifetime(value, {}, NOW) })
    end
    assert.is_nil(reply.lifetime(nil, {}, NOW))
  end)

  it("reads keys, all four fields", function()
    assert.same({ access_key_id = "STS.id", access_key_secret = "canary-secret", security_token = "token",
      expires_in = 3599 }, reply.keys(source.keys(), {}, NOW))
    for _, name in ipairs { "AccessKeyId", "AccessKeySecret", "SecurityToken" } do
      assert.same({ n = 2, nil, "has no " .. name }, { n = 2, reply.keys(source.keys { [name] = false }, {}, NOW) })
    end
    assert.same({ n = 2, nil, "has no Expiration that is a time" },
      { n = 2, reply.keys(source.keys { Expiration = false }, {}, NOW) })
  end)

  it("finds the keys where they stand, and says what is wrong with what was given", function()
    local body = require("cjson").new().encode { Code = "Success", Inner = source.keys() }
    local function inner(object) return object.Inner, "has no Inner" end
    assert.equal("STS.id", reply.given({ body = body }, NOW, inner).access_key_id)
    assert.equal("STS.id", reply.given({ body = body }, NOW, function(object)
      return reply.success(object).Inner
    end).access_key_id)
    for text, why in pairs {
      ["{}"] = "has no Inner", ['{"Inner":{}}'] = "has no AccessKeyId",
      ["x"] = "is no JSON: Expected value but found invalid token at character 1",
    } do
      assert.same({ n = 2, nil, "what it gave " .. why }, { n = 2, reply.given({ body = text }, NOW, inner) })
    end
    assert.same({ n = 2, nil, "says Fa\\x1Bil" }, { n = 2, reply.success { Code = "Fa\27il" } })
    assert.same({ n = 2, nil, "says nil" }, { n = 2, reply.success {} })
  end)

  it("shows a refusal without what the service would have signed", function()
    local function refusal(body, status) return reply.refusal { status = status or 400, body = body } end
    assert.equal("HTTP 502", refusal("<html>", 502))
    assert.equal("HTTP 400", refusal "{}")
    assert.equal("NoPermission (HTTP 403)", refusal('{"Code":"NoPermission"}', 403))
    assert.equal("NoPermission (HTTP 403): You may \\x1B not.",
      refusal('{"Code":"NoPermission","Message":"You may \\u001b not."}', 403))
    assert.equal("SignatureDoesNotMatch (HTTP 400): It differs.", refusal('{"Code":"SignatureDoesNotMatch",'
      .. '"Message":"It differs. server string to sign is:POST&%2F&SecurityToken%3Dcanary"}'))
  end)
end)
