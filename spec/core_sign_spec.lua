-- Signing and verifying are tested in spec/c/core/; this is about the bindings: tables in, tables out, and memory.
local core = require "certstat.core"
local vectors = require "spec.support.vectors"

local function call(changes)
  local request = {
    method = "POST", host = "cas.aliyuncs.com", path = "/", query = { Identifier = "a b" }, action = "ListCert",
    version = "2020-06-30", date = "2026-01-02T03:04:05Z", nonce = "n1", access_key_id = "testid", body = "",
  }
  for name, value in pairs(changes or {}) do request[name] = value end
  return request
end

local function many(n)
  local list = {}
  for i = 1, n do list[("x-%04d"):format(i)] = "v" end
  return list
end

describe("core.signer", function()
  local signer

  before_each(function() signer = assert(core.signer("testsecret")) end)
  after_each(function() signer:close() end)

  it("signs the vectors of the V3 scheme", function()
    local signed = 0
    for _, vector in ipairs(vectors.of("ACS3-HMAC-SHA256")) do
      if vector.authorization then
        local own = assert(core.signer(vector.secret))
        vector.headers = vector.header
        local result = assert(own:v3(vector))
        assert.equal(vector.canonical_request, result.canonical_request)
        assert.equal(vector.string_to_sign, result.string_to_sign)
        assert.equal(vector.signature, result.signature)
        assert.equal(vector.authorization, result.authorization)
        assert.equal(vector.target, result.target)
        assert.equal(vector.authorization, result.headers.authorization)
        assert.is_true(own:verify { method = vector.method, target = result.target, headers = result.headers,
          body = vector.body })
        own:close()
        signed = signed + 1
      end
    end
    assert.equal(15, signed)
  end)

  it("signs the vectors of the RPC scheme", function()
    local list = vectors.of("HMAC-SHA1")
    assert.equal(10, #list)
    for _, vector in ipairs(list) do
      local own = assert(core.signer(vector.secret))
      local signature, string_to_sign = own:v1(vector.method or "", vectors.parameters(vector))
      assert.equal(vector.signature, signature)
      assert.equal(vector.string_to_sign, string_to_sign)
    end
  end)

  it("gives every field to send, and a list where one comes twice", function()
    local result = signer:v3(call { headers = { ["x-acs-tag"] = { "b", "a", "b" }, accept = "*/*" } })
    assert.same({ "b", "a", "b" }, result.headers["x-acs-tag"])
    assert.equal("*/*", result.headers.accept)
    assert.equal("cas.aliyuncs.com", result.headers.host)
    assert.truthy(result.canonical_request:find("\nx-acs-tag:a,b,b\n", 1, true))
    assert.is_nil(result.headers["x-acs-security-token"])
  end)

  it("takes one value, several or none for a name", function()
    local function canonical(query)
      return signer:v3(call { query = query }).canonical_request:match("^.-\n.-\n(.-)\n")
    end
    assert.equal("a=1", canonical { a = "1" })
    assert.equal("a=1&a=2&b=", canonical { a = { "2", "1" }, b = "" })
    assert.equal("", canonical { a = {} })
    assert.equal("", canonical {})
    assert.equal("%00=%FF", canonical { ["\0"] = "\255" })
  end)

  it("returns what may not be signed", function()
    local rows = {
      { call { headers = { Host = "x" } }, "argument",
        "a header field is given twice: host, authorization or x-acs-…" },
      { call { headers = { a = "b\nc" } }, "argument", "header: a control byte in a value" },
      { call { method = "" }, "argument", "method: expected a token (RFC 9110 5.6.2)" },
      { call { path = "/?" }, "argument", "path: a blank, a '?' or a '#'" },
      { call { query = many(257) }, "limit", "expected at most 256 query parameters" },
      { call { query = many(300) }, "limit", "expected at most 256 query parameters" },
      { call { headers = many(58) }, "limit", "expected at most 64 header fields" },
      { call { headers = many(300) }, "limit", "expected at most 64 header fields" },
    }
    for _, row in ipairs(rows) do
      local result, message, info = signer:v3(row[1])
      assert.is_nil(result)
      assert.equal(row[3], message)
      assert.same({ class = row[2] }, info)
    end
    assert.truthy(signer:v3(call { query = many(256), headers = many(57) }))
  end)

  it("never signs a part of too many parameters", function()
    local parameters = many(300)
    parameters.Signature = "x"
    for _, n in ipairs { 256, 300 } do
      for i = n, 1, -1 do parameters[("x-%04d"):format(i)] = "v" end
      local result, message, info = signer:v1("GET", parameters)
      assert.is_nil(result)
      assert.equal("expected at most 256 parameters", message)
      assert.same({ class = "limit" }, info)
    end
    assert.truthy(signer:v1("GET", many(256)))
    assert.truthy(signer:v1("GET"))
  end)

  it("raises on what is no string", function()
    local rows = {
      { { query = "a=b" }, "query: expected a table, found string" },
      { { headers = 5 }, "headers: expected a table, found number" },
      { { query = { a = 5 } },
        "query: expected a string for a name and a string for its value, found string and number" },
      { { query = { "a" } },
        "query: expected a string for a name and a string for its value, found number and string" },
      { { headers = { a = { "b", true } } },
        "headers: expected a string for a name and a string for its value, found string and boolean" },
      { { host = 5 }, "field 'host': expected a string, found number" },
      { { body = {} }, "field 'body': expected a string, found table" },
    }
    for _, row in ipairs(rows) do
      local ok, message = pcall(signer.v3, signer, call(row[1]))
      assert.is_false(ok)
      assert.equal(row[2], message)
    end
    assert.error_matches(function() signer:v3() end, "table expected, got n")
    assert.error_matches(function() signer:v1("GET", "a=b") end, "parameters: expected a table, found string$")
  end)

  it("takes a secret of 1 to 1024 bytes", function()
    for secret, found in pairs { [""] = "none", [("s"):rep(1025)] = "more" } do
      local none, message, info = core.signer(secret)
      assert.is_nil(none)
      assert.equal("access key secret: expected 1 to 1024 bytes, found " .. found, message)
      assert.same({ class = "argument" }, info)
    end
    assert.truthy(core.signer(("s"):rep(1024)))
  end)

  it("is closed once and for all, and shows nothing of the secret", function()
    assert.is_nil(tostring(signer):find("testsecret", 1, true))
    signer:close()
    signer:close()
    for _, method in ipairs { "v3", "v1", "verify" } do
      assert.error_matches(function() signer[method](signer, {}, {}) end, "is closed")
    end
    assert.error_matches(function() core.signer.close({}) end, "attempt to index")
    assert.is_false(getmetatable(signer))
  end)

  it("is collected when it is forgotten", function()
    for _ = 1, 2000 do
      local forgotten = core.signer("another secret")
      forgotten:v3(call())
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage("count") < 100000)
  end)

  it("works on other signers' objects alone", function()
    local engine = core.engine { seed = "x" }
    assert.error_matches(function() signer.v3(engine, {}) end, "certstat.signer expected")
    assert.error_matches(function() signer.close(io.stdout) end, "certstat.signer expected")
  end)

  -- A field that __index computes runs Lua code: it must not pull a table away that has been read already.
  it("survives a request that changes while it is read", function()
    for _, row in ipairs { { "v3", "host" }, { "v3", "security_token" }, { "verify", "body" }, { "verify", "now" } } do
      local method, last = row[1], row[2]
      local query, headers = {}, {}
      for i = 1, 50 do
        query["name" .. i .. ("n"):rep(100)] = "value" .. i .. ("v"):rep(100)
        headers["name" .. i .. ("n"):rep(100)] = "value" .. i .. ("v"):rep(100)
      end
      local request = setmetatable({}, { __index = function(_, name)
        if name == "query" then return query end
        if name == "headers" then return headers end
        if name == last then
          for key in pairs(query) do query[key] = nil end
          for key in pairs(headers) do headers[key] = nil end
          collectgarbage()
        end
        return name ~= "now" and "x" or nil
      end })
      local result = signer[method](signer, request)
      assert.is_true(method == "verify" and result == false or result.canonical_request:find("name", 1, true) == nil)
    end
  end)
end)

describe("core.signer: verify", function()
  local signer = assert(core.signer("testsecret"))

  local function received(changes)
    local signed = assert(signer:v3(call()))
    local request = { method = "POST", target = signed.target, headers = signed.headers, body = "", now = 1767323045 }
    for name, value in pairs(changes or {}) do request[name] = value end
    return request
  end

  it("accepts", function()
    assert.same({ true }, { signer:verify(received()) })
    assert.is_true(signer:verify(received { now = 1767323045 + 900 }))
  end)

  it("refuses with the service's code and the server's view", function()
    local ok, message, info = signer:verify(received { method = "GET" })
    assert.is_false(ok)
    assert.equal("SignatureDoesNotMatch: Specified signature does not match our calculation.", message)
    assert.equal("denied", info.class)
    assert.equal("SignatureDoesNotMatch", info.code)
    assert.equal("GET\n/\nIdentifier=a%20b\nhost:cas.aliyuncs.com\n", info.canonical_request:sub(1, 45))
    assert.truthy(info.string_to_sign:find("^ACS3%-HMAC%-SHA256\n%x+$"))
  end)

  it("says what it could not read", function()
    local rows = {
      { { target = "/?%" }, "argument", nil, "expected two hexadecimal digits after '%' in a query" },
      { { headers = many(65) }, "limit", nil, "expected at most 64 header fields" },
      { { headers = many(300) }, "limit", nil, "expected at most 64 header fields" },
      { { target = "/?" .. ("a&"):rep(257) }, "limit", nil, "expected at most 256 query parameters" },
      { { now = 0 }, "denied", "InvalidTimeStamp.Expired",
        "InvalidTimeStamp.Expired: Specified time stamp or date value is expired." },
      { { headers = {} }, "denied", "MissingAccessKeyId",
        "MissingAccessKeyId: expected an Authorization field or a Signature parameter" },
    }
    for _, row in ipairs(rows) do
      local ok, message, info = signer:verify(received(row[1]))
      assert.is_false(ok)
      assert.equal(row[4], message)
      assert.same({ class = row[2], code = row[3] }, info)
    end
  end)

  it("reads fields that came twice as the server does", function()
    local request = received()
    request.headers["x-acs-action"] = { "ListCert", "DescribeCACertificate" }
    local ok, _, info = signer:verify(request)
    assert.is_false(ok)
    assert.truthy(info.canonical_request:find("\nx-acs-action:DescribeCACertificate,ListCert\n", 1, true))
  end)

  it("checks a date whenever there is a time", function()
    for _, now in ipairs { -1, -1e9 } do
      assert.error_matches(function() signer:verify(received { now = now }) end,
        "field 'now': expected seconds since 1970")
    end
    assert.error_matches(function() signer:verify(received { now = "soon" }) end,
      "field 'now': expected a number, found string")
    assert.error_matches(function() signer:verify(received { now = 0 / 0 }) end, "number out of range")
    local request = received()
    request.now = nil
    assert.is_true(signer:verify(request))
  end)
end)

describe("core.canonical_query", function()
  it("sorts and encodes", function()
    assert.equal("B=%2A&a=&a=%20&a-b=~", core.canonical_query { a = { " ", "" }, B = "*", ["a-b"] = "~" })
    assert.equal("", core.canonical_query {})
    assert.equal("", core.canonical_query(nil))
    assert.equal(256 * 9 - 1, #core.canonical_query(many(256)))
    local none, message, info = core.canonical_query(many(257))
    assert.is_nil(none)
    assert.equal("expected at most 256 query parameters", message)
    assert.same({ class = "limit" }, info)
  end)
end)

describe("core.parse_query", function()
  it("gives names and values in their order", function()
    assert.same({ { "b", "1 +" }, { "a", "" }, { "b", "=" }, { "", "x" } },
      core.parse_query("b=1+%2B&&a&b==&=x"))
    assert.same({}, core.parse_query(""))
    assert.same({ { "\0", "\255" } }, core.parse_query("%00=%ff"))
  end)

  it("returns what is wrong", function()
    local rows = {
      { "a=%4", "argument", "expected two hexadecimal digits after '%' in a query" },
      { ("a&"):rep(257), "limit", "expected at most 256 query parameters" },
    }
    for _, row in ipairs(rows) do
      local none, message, info = core.parse_query(row[1])
      assert.is_nil(none)
      assert.equal(row[3], message)
      assert.same({ class = row[2] }, info)
    end
    assert.equal(256, #core.parse_query(("a&"):rep(256)))
  end)
end)
