local certstat = require "certstat"
local sign = require "certstat.sign"
local vectors = require "spec.support.vectors"

local SECRET = "canary/SECRET+of==0123456789" -- sought in everything that comes back

local function request(changes)
  local all = {
    host = "cas.aliyuncs.com", query = { Identifier = "a b" }, action = "ListCert", version = "2020-06-30",
    date = "2026-01-02T03:04:05Z", nonce = "n1", access_key_id = "testid", access_key_secret = SECRET,
  }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

local function received(signed, changes)
  local all = { method = "POST", target = signed.target, headers = signed.headers, secret = SECRET, now = 1767323045 }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

-- Every string in a result, its tables and their keys.
local function flat(value, out)
  out = out or {}
  if type(value) == "table" then
    for name, inner in pairs(value) do
      flat(name, out)
      flat(inner, out)
    end
  else
    out[#out + 1] = tostring(value)
  end
  return table.concat(out, "\n")
end

local function assert_no_secret(...)
  local text = flat({ ... })
  for _, form in ipairs { SECRET, SECRET:sub(1, 8), "Y2FuYXJ5L1NFQ1JFVCtvZj09MDEyMzQ1Njc4OQ", "canary%2FSECRET" } do
    assert.is_nil(text:find(form, 1, true))
  end
end

describe("certstat.sign", function()
  it("signs the vectors of the V3 scheme", function()
    local signed = 0
    for _, vector in ipairs(vectors.of("ACS3-HMAC-SHA256")) do
      if vector.authorization then
        vector.access_key_secret, vector.headers = vector.secret, vector.header
        local result = assert(certstat.sign(vector))
        for _, name in ipairs { "canonical_request", "string_to_sign", "signature", "authorization", "target" } do
          assert.equal(vector[name], result[name])
        end
        assert.is_true(certstat.verify { method = vector.method, target = result.target, headers = result.headers,
          body = vector.body, secret = vector.secret })
        signed = signed + 1
      end
    end
    assert.equal(15, signed)
  end)

  it("signs the vectors of the RPC scheme", function()
    local signed = 0
    for _, vector in ipairs(vectors.of("HMAC-SHA1")) do
      local query = vectors.parameters(vector)
      if query.AccessKeyId then
        local result = assert(certstat.sign {
          algorithm = "HMAC-SHA1", method = vector.method, action = query.Action, version = query.Version,
          access_key_id = query.AccessKeyId, access_key_secret = vector.secret, security_token = query.SecurityToken,
          nonce = query.SignatureNonce, date = query.Timestamp, query = query,
        })
        assert.equal(vector.signature, result.signature)
        assert.equal(vector.string_to_sign, result.string_to_sign)
        assert.equal(vector.signature, result.query.Signature)
        assert.equal("/?", result.target:sub(1, 2))
        assert.is_true(certstat.verify { method = vector.method, target = result.target, secret = vector.secret })
        signed = signed + 1
      end
    end
    assert.equal(8, signed)
  end)

  it("adds the common parameters of the RPC scheme to the query, which stays as it was", function()
    local query = { Format = "JSON", Action = "Another", Signature = "another" }
    local result = assert(certstat.sign(request { algorithm = "HMAC-SHA1", query = query, security_token = "token" }))
    assert.same({
      Format = "JSON", Action = "ListCert", Version = "2020-06-30", AccessKeyId = "testid", SecurityToken = "token",
      SignatureMethod = "HMAC-SHA1", SignatureVersion = "1.0", SignatureNonce = "n1",
      Timestamp = "2026-01-02T03:04:05Z", Signature = result.signature,
    }, result.query)
    assert.same({ Format = "JSON", Action = "Another", Signature = "another" }, query)
    assert.is_true(certstat.verify { method = "GET", target = result.target, secret = SECRET, now = 1767323045 })
    assert_no_secret(result)
  end)

  it("makes a date and a nonce where there is none", function()
    for _, algorithm in ipairs { "ACS3-HMAC-SHA256", "HMAC-SHA1" } do
      local nonces = {}
      for _ = 1, 100 do
        local all = request { algorithm = algorithm }
        all.date, all.nonce = nil, nil
        local signed = assert(certstat.sign(all))
        local fields = signed.headers or signed.query
        local nonce = fields["x-acs-signature-nonce"] or fields.SignatureNonce
        assert.truthy(nonce:find("^%x+$") and #nonce == 32)
        assert.is_nil(nonces[nonce])
        nonces[nonce] = true
        assert.truthy((fields["x-acs-date"] or fields.Timestamp):find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
        assert.is_nil(all.nonce)
      end
    end
  end)

  it("writes dates as the service wants them", function()
    assert.equal("1970-01-01T00:00:00Z", sign.date(0))
    assert.equal("2026-01-02T03:04:05Z", sign.date(1767323045))
    assert.equal("2026-01-02T03:04:05Z", sign.date(1767323045.9))
  end)

  it("signs by POST, or by GET in the RPC scheme, unless it is told otherwise", function()
    assert.equal("POST\n", assert(certstat.sign(request())).canonical_request:sub(1, 5))
    assert.equal("GET&", assert(certstat.sign(request { algorithm = "HMAC-SHA1" })).string_to_sign:sub(1, 4))
    assert.equal("PUT\n", assert(certstat.sign(request { method = "PUT" })).canonical_request:sub(1, 4))
  end)

  it("returns what may not be signed", function()
    local rows = {
      { { headers = { host = "x" } }, "argument", "a header field is given twice: host, authorization or x-acs-…" },
      { { access_key_secret = "" }, "argument", "access key secret: expected 1 to 1024 bytes, found none" },
      { { access_key_secret = SECRET:rep(40) }, "argument",
        "access key secret: expected 1 to 1024 bytes, found more" },
      { { nonce = "n\r\n" }, "argument", "a control byte in the path, the host, the action, the version, the date, "
        .. "the nonce, the access key id or the token" },
    }
    for _, row in ipairs(rows) do
      local result, message, info = certstat.sign(request(row[1]))
      assert.is_nil(result)
      assert.equal(row[3], message)
      assert.same({ class = row[2] }, info)
      assert_no_secret(message, info)
    end
  end)

  it("raises on misuse, at its caller's line", function()
    local rows = {
      { 5, "sign: expected a table, found number" },
      { nil, "sign: expected a table, found nil" },
      { {}, "sign: expected access_key_id and access_key_secret" },
      { { access_key_id = "id" }, "sign: expected access_key_id and access_key_secret" },
      { { access_key_secret = SECRET }, "sign: expected access_key_id and access_key_secret" },
      { request { access_key_secret = 5 }, "sign: field 'access_key_secret': expected a string, found number" },
      { request { access_key_secret = { SECRET } }, "sign: field 'access_key_secret': expected a string, found table" },
      { request { query = "a=b" }, "sign: field 'query': expected a table, found string" },
      { request { headers = 5 }, "sign: field 'headers': expected a table, found number" },
      { request { body = {} }, "sign: field 'body': expected a string, found table" },
      { request { nonce = 5 }, "sign: field 'nonce': expected a string, found number" },
      { request { algorithm = "ACS3\27" },
        "sign: expected algorithm ACS3-HMAC-SHA256 or HMAC-SHA1, found ACS3\\x1B" },
      { request { algorithm = "HMAC-SHA1", path = "/path" }, "sign: HMAC-SHA1 signs the path / alone, found /path" },
    }
    for _, row in ipairs(rows) do
      local ok, message = pcall(function() return (sign.sign(row[1])) end)
      assert.is_false(ok)
      assert.equal(row[2], (message:gsub("^spec/sign_spec%.lua:%d+: ", "")))
      assert.truthy(message:find("^spec/sign_spec%.lua:%d+: "))
      assert_no_secret(message)
    end
    for _, algorithm in ipairs { "ACS3-HMAC-SHA256", "HMAC-SHA1" } do
      local ok, message = pcall(sign.sign, request { algorithm = algorithm, query = { a = 5 } })
      assert.is_false(ok)
      assert.truthy(message:find(": expected a string for a name and a string for its value, found string and number$"))
      assert_no_secret(message)
    end
  end)

  it("shows the secret nowhere", function()
    assert_no_secret(certstat.sign(request { security_token = "token", body = "body" }))
    assert_no_secret(certstat.verify(received(assert(certstat.sign(request())), { method = "GET" })))
    assert.is_nil(flat(certstat.sign(request())):find("access_key_secret", 1, true))
  end)
end)

describe("certstat.verify", function()
  local signed = assert(certstat.sign(request()))

  it("accepts", function()
    assert.same({ true }, { certstat.verify(received(signed)) })
  end)

  it("refuses with the service's code", function()
    local rows = {
      { { secret = SECRET .. "x" }, "denied", "SignatureDoesNotMatch",
        "SignatureDoesNotMatch: Specified signature does not match our calculation." },
      { { body = "x" }, "denied", "SignatureDoesNotMatch",
        "SignatureDoesNotMatch: x-acs-content-sha256 is not the SHA-256 of the body" },
      { { now = 1767323045 - 901 }, "denied", "InvalidTimeStamp.Expired",
        "InvalidTimeStamp.Expired: Specified time stamp or date value is expired." },
      { { headers = {} }, "denied", "MissingAccessKeyId",
        "MissingAccessKeyId: expected an Authorization field or a Signature parameter" },
      { { secret = "" }, "argument", nil, "access key secret: expected 1 to 1024 bytes, found none" },
    }
    for _, row in ipairs(rows) do
      local ok, message, info = certstat.verify(received(signed, row[1]))
      assert.is_false(ok)
      assert.equal(row[4], message)
      assert.equal(row[2], info.class)
      assert.equal(row[3], info.code)
      assert_no_secret(message, info)
    end
  end)

  it("raises on misuse, at its caller's line", function()
    local rows = {
      { "x", "verify: expected a table, found string" },
      { {}, "verify: expected secret" },
      { received(signed, { secret = 5 }), "verify: field 'secret': expected a string, found number" },
      { received(signed, { headers = "a: b" }), "verify: field 'headers': expected a table, found string" },
      { received(signed, { target = 5 }), "verify: field 'target': expected a string, found number" },
      { received(signed, { now = "now" }), "verify: field 'now': expected a number, found string" },
    }
    for _, row in ipairs(rows) do
      local ok, message = pcall(function() return (sign.verify(row[1])) end)
      assert.is_false(ok)
      assert.truthy(message:find("^spec/sign_spec%.lua:%d+: "))
      assert.equal(row[2], (message:gsub("^spec/sign_spec%.lua:%d+: ", "")))
      assert_no_secret(message)
    end
  end)
end)
