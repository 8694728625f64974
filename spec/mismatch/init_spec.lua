local mismatch = require "certstat.mismatch"
local schemes = require "certstat.emulator.schemes"
local sign = require "certstat.sign"

local SAME = "both sign the same text: the request was signed with another secret than the key has, or over another "
  .. "text than it brought"

-- A signed request, as certstat.sign takes it, with these changes.
local function request(changes)
  local all = {
    method = "POST", host = "cas.aliyuncs.com", path = "/", action = "ListClientCertificate", version = "2020-06-30",
    query = { ShowSize = "1", Identifier = "a b,*" }, access_key_id = "testid", access_key_secret = "canary-secret",
    date = "2026-01-02T03:04:05Z", nonce = "0123", algorithm = "ACS3-HMAC-SHA256",
  }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

-- What a server with another secret says of a request.
local function message_of(sent)
  local signed = assert(sign.sign(sent))
  local headers = signed.headers or { ["content-type"] = "text/plain" }
  local ok, _, info = sign.verify {
    method = sent.method, target = signed.target, headers = headers, body = sent.body or "", secret = "another",
  }
  assert.is_false(ok)
  return schemes.of({ headers = headers, parameters = signed.query or {} }).mismatch(info)
end

-- What is known of the key and the host alone.
local function known(changes)
  local all = { host = "cas.aliyuncs.com", access_key_id = "testid", access_key_secret = "canary-secret" }
  for name, value in pairs(changes or {}) do all[name] = value end
  return all
end

local function explain(sent, own)
  local found, message = mismatch.explain(message_of(request(sent)), known(own))
  assert.is_truthy(found, message)
  return found
end

describe("the reason of another signature", function()
  for _, algorithm in ipairs { "ACS3-HMAC-SHA256", "HMAC-SHA1" } do
    describe("by " .. algorithm, function()
      local function v(sent)
        sent.algorithm = algorithm
        return sent
      end

      it("is the secret, where both sign the same text", function()
        assert.same({ algorithm = algorithm, same = true, reason = SAME }, explain(v {}))
        assert.same({ algorithm = algorithm, same = true, reason = SAME }, explain(v { method = "GET", query = {} }))
        assert.is_true(explain(v {}, request { path = nil, algorithm = nil }).same)
      end)

      it("is what was said of the request, and is otherwise", function()
        local function value(shown) return (shown:gsub("%%3A", ":"):match("[^=]*$"):gsub("^x%-[%l-]*:", "")) end
        local what = {
          method = { "GET", "GET", "POST" }, action = { "ListCert", "ListCert", "ListClientCertificate" },
          query = { { ShowSize = "2", Identifier = "a b,*" }, "2", "1" }, nonce = { "9", "9", "0123" },
          date = { "2026-01-02T03:04:06Z", "2026-01-02T03:04:06Z", "2026-01-02T03:04:05Z" },
        }
        for name, case in pairs(what) do
          local found = explain(v { [name] = case[1] }, { [name] = request()[name] })
          assert.same({ case[2], case[3] }, { value(found.server), value(found.ours) })
          assert.is_false(found.same)
        end
      end)

      it("is the token, which is not shown", function()
        local found = explain(v { security_token = "CanaryToken/1" }, { security_token = "Own" })
        assert.is_truthy(found.server:find("(security token of 1%d characters)"), found.server)
        assert.equal("the request had another security token than these credentials have", found.reason)
        assert.is_true(explain(v { security_token = "CanaryToken/1" }, { security_token = "CanaryToken/1" }).same)
        assert.is_false(explain(v { security_token = "CanaryToken/1" }).same)
        assert.is_false(explain(v {}, { security_token = "CanaryToken/1" }).same)
      end)
    end)
  end

  it("is the host, of ACS3-HMAC-SHA256", function()
    local found = explain({ host = "proxy:8080" })
    assert.same({ 4, "host:proxy:8080", "host:cas.aliyuncs.com" }, { found.where, found.server, found.ours })
  end)

  it("is the access key, of HMAC-SHA1", function()
    local found = explain({ algorithm = "HMAC-SHA1" }, { access_key_id = "LTAI5tExampleOfAnId" })
    assert.same({ "AccessKeyId=te...", "AccessKeyId=LTAI...AnId" }, { found.server, found.ours })
  end)

  it("is no field that the request's own client signs besides", function()
    assert.is_true(explain({ headers = { ["x-acs-retry-attempts"] = "1", ["content-type"] = "text/plain" } }).same)
  end)

  it("is no body that is not known, as long as its hash is the one that was sent", function()
    assert.is_true(explain({ body = "x" }).same)
  end)

  it("can be an encoding", function()
    local text = message_of(request()):gsub("a%%20b", "a+b")
    local found = mismatch.explain(text, known())
    assert.same({ 3, "Identifier=a+b%2C%2A", "Identifier=a%20b%2C%2A" }, { found.where, found.server, found.ours })
  end)

  it("is the token's absence from what is signed", function()
    local text = message_of(request { security_token = "T" }):gsub(";x%-acs%-security%-token", "")
    local found = mismatch.explain(text, known { security_token = "T" })
    assert.equal("SignedHeaders names the fields above, in lower case, in their order, with ; between", found.reason)
  end)

  it("is what has to be signed and is not", function()
    local text = message_of(request()):gsub("\nx%-acs%-date:[^\n]*", ""):gsub(";x%-acs%-date", "")
    local found = mismatch.explain(text, known())
    assert.is_false(found.same)
    assert.is_truthy(found.reason:find("^IncompleteSignature: SignedHeaders must name host"), found.reason)
  end)

  it("is found by the hash alone, where the message has no canonical request", function()
    local text = message_of(request()):match("^(.-) server Canonical")
    local own = request { algorithm = nil, path = nil }
    assert.is_true(mismatch.explain(text, own).same)
    own.nonce = "other"
    local found = mismatch.explain(text, own)
    assert.is_truthy(found.server:find("^%x+$") and found.ours:find("^%x+$") and found.server ~= found.ours)
    assert.equal("the canonical request has another SHA-256; where it differs, this message does not say", found.reason)
    own.nonce = nil
    local none, why, info = mismatch.explain(text, own)
    assert.is_nil(none)
    assert.equal("the message has no canonical request: to compare, the request's action, date and nonce are needed",
      why)
    assert.equal("argument", info.class)
  end)

  it("takes certstat's asterisks for the token", function()
    local text = message_of(request { security_token = "CanaryToken/1" }):gsub("CanaryToken/1", "***")
    assert.is_true(mismatch.explain(text, known { security_token = "CanaryToken/1" }).same)
  end)

  local unusable = {
    ["expected a whole message of SignatureDoesNotMatch, with the server's string to sign, found none"] = "no",
    ["expected METHOD&PATH&PARAMETERS as the server's text, found something else"] = "string to sign is:GET&%2F",
  }
  for why, text in pairs(unusable) do
    it("can't be had from " .. text, function()
      local found, message, info = mismatch.explain(text, known())
      assert.is_nil(found)
      assert.equal(why, message)
      assert.same({ class = "argument", code = "NoServerText" }, info)
    end)
  end

  it("keeps the secret", function()
    local found = explain({})
    for _, text in pairs(found) do assert.is_nil(tostring(text):find("canary", 1, true)) end
  end)
end)
