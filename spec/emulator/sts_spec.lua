local certstat = require "certstat"
local core = require "certstat.core"
local json = require("cjson").new()
local rooms = require "spec.emulator.rooms"
local sts = require "certstat.emulator.sts"

local KEYS = {
  { id = "demo", secret = "canary-secret", account = "1" },
  { id = "inactive", secret = "canary-secret", account = "1", inactive = true },
  { id = "STS.x", secret = "canary-secret", account = "2", token = "token", expires_at = rooms.NOW_S + 10 },
  { id = "STS.old", secret = "canary-secret", account = "2", token = "token", expires_at = rooms.NOW_S },
  { id = "lister", secret = "canary-secret", account = "1", allow = { "List*" } },
}

local function new(options)
  options = options or {}
  local used = {}
  local known = rooms.accounts(KEYS, options.memory)
  return sts.new {
    accounts = known, account = "1", seconds = options.seconds,
    nonces = {
      used = function(_, id, nonce) return used[id .. nonce] end,
      remember = function(_, id, nonce)
        used[id .. nonce] = true
        return not options.full or nil
      end,
    },
  }, known
end

local function call_of(body)
  return {
    arrival_us = rooms.NOW_US, request_id = "REQUEST-1", method = "POST", target = "/", body = body,
    headers = { host = "127.0.0.1", ["content-type"] = "application/x-www-form-urlencoded" },
  }
end

-- A call of AssumeRole, signed, with these changes of its parameters (false: without it) and of who signs.
local function assume(changes, who)
  who = who or {}
  local query = { RoleArn = "acs:ram::1234567890:role/audit", RoleSessionName = "spec", DurationSeconds = "900" }
  for name, value in pairs(changes or {}) do query[name] = value or nil end
  local signed = assert(certstat.sign {
    algorithm = "HMAC-SHA1", method = "POST", host = "127.0.0.1", query = query, action = who.action or "AssumeRole",
    version = "2015-04-01", access_key_id = who.id or "demo", access_key_secret = who.secret or "canary-secret",
    security_token = who.token, date = who.date or "2026-01-02T03:04:05Z", nonce = who.nonce,
  })
  return call_of(signed.target:sub(3))
end

local function answer(service, call)
  assert.is_true(sts.is_for(call))
  local reply = service:answer(call, rooms.wait())
  return reply, json.decode(reply.body)
end

describe("STS", function()
  it("gives the keys of a role", function()
    local service, known = new()
    local call = assume()
    local reply, body = answer(service, call)
    assert.equal(200, reply.status)
    assert.same({ "AssumeRole", "demo" }, { call.action, call.access_key_id })
    assert.same({ "REQUEST-1", "acs:ram::1234567890:assumed-role/audit/spec", "2026-01-02T03:19:05Z" },
      { body.RequestId, body.AssumedRoleUser.Arn, body.Credentials.Expiration })
    local found = known:find(body.Credentials.AccessKeyId)
    assert.same({ "1", body.Credentials.SecurityToken }, { found.account, found.token })
  end)

  it("takes its parameters from the query as well", function()
    local call = assume()
    call.target, call.body = "/?" .. call.body, ""
    assert.equal(200, (answer(new(), call)).status)
  end)

  it("gives keys for as long as it is told to", function()
    local _, body = answer(new { seconds = 3 }, assume())
    assert.equal("2026-01-02T03:04:08Z", body.Credentials.Expiration)
    _, body = answer(new(), assume { DurationSeconds = false })
    assert.equal("2026-01-02T04:04:05Z", body.Credentials.Expiration)
  end)

  it("gives them to who has temporary keys of the same account", function()
    local service, known = new()
    local _, body = answer(service, assume(nil, { id = "STS.x", token = "token" }))
    assert.equal("2", known:find(body.Credentials.AccessKeyId).account)
  end)

  it("is for calls of its version alone", function()
    assert.is_false(sts.is_for(call_of "Version=2020-06-30"))
    assert.is_false(sts.is_for(call_of ""))
    assert.is_false(sts.is_for(call_of "X=Version=2015-04-01x"))
  end)

  it("refuses who may not ask", function()
    local rows = {
      { { id = "nobody" }, "InvalidAccessKeyId.NotFound" },
      { { id = "inactive" }, "InvalidAccessKeyId.Inactive" },
      { { id = "STS.x" }, "MissingSecurityToken" },
      { { id = "STS.x", token = "other" }, "InvalidSecurityToken.MismatchWithAccessKey" },
      { { id = "demo", token = "other" }, "InvalidSecurityToken.MismatchWithAccessKey" },
      { { id = "STS.old", token = "token" }, "InvalidSecurityToken.Expired" },
      { { secret = "wrong" }, "SignatureDoesNotMatch" },
      { { date = "2026-01-02T03:34:05Z" }, "InvalidTimeStamp.Expired" },
      { { id = "lister" }, "NoPermission" },
      { { action = "GetCallerIdentity" }, "InvalidAction.NotFound" },
    }
    for _, row in ipairs(rows) do
      local call = assume(nil, row[1])
      local reply, body = answer(new(), call)
      assert.equal(row[2], body.Code)
      assert.same({ row[2], reply.status }, { call.code, call.status })
    end
    local _, body = answer(new(), call_of "Version=2015-04-01&Action=AssumeRole")
    assert.equal("MissingAccessKeyId", body.Code)
  end)

  it("shows what it would have signed", function()
    local _, body = answer(new(), assume(nil, { secret = "wrong" }))
    assert.truthy(body.Message:find("calculation. server string to sign is:POST&%2F&", 1, true))
  end)

  it("takes a nonce once", function()
    local service = new()
    answer(service, assume(nil, { nonce = "n" }))
    local _, body = answer(service, assume({ RoleSessionName = "again" }, { nonce = "n" }))
    assert.equal("SignatureNonceUsed", body.Code)
    _, body = answer(new { full = true }, assume())
    assert.equal("ServiceUnavailable", body.Code)
  end)

  it("refuses roles, names and times that can't be", function()
    for _, changes in ipairs {
      { RoleArn = false }, { RoleArn = "role/x" }, { RoleSessionName = "a" }, { RoleSessionName = ("a"):rep(65) },
      { RoleSessionName = "a b" }, { DurationSeconds = "899" }, { DurationSeconds = "43201" },
      { DurationSeconds = "x" },
    } do
      local _, body = answer(new(), assume(changes))
      assert.equal("InvalidParameter", body.Code)
    end
  end)

  it("has mishaps by the role's name", function()
    local reply = answer(new(), assume { RoleArn = "acs:ram::1:role/unavailable" })
    assert.equal(503, reply.status)
    local _, body = answer(new(), assume { RoleArn = "acs:ram::1:role/expired" })
    assert.equal("2026-01-02T03:03:05Z", body.Credentials.Expiration)
  end)

  it("says where there is no room", function()
    local memory = rooms.memory()
    memory.full = true
    local _, body = answer(new { memory = memory }, assume())
    assert.equal("ServiceUnavailable", body.Code)
  end)

  describe("with OpenID Connect", function()
    -- a JSON Web Token whose exp is 2026-01-02T03:05:00Z, and one of 2026-01-02T03:04:05Z
    local GOOD, OLD = "e30.eyJleHAiOjE3NjczMjMxMDB9.c2ln", "e30.eyJleHAiOjE3NjczMjMwNDV9.c2ln"

    local function exchange(changes)
      local query = {
        Action = "AssumeRoleWithOIDC", Version = "2015-04-01", RoleArn = "acs:ram::1234567890:role/pod",
        OIDCProviderArn = "acs:ram::1234567890:oidc-provider/ack", OIDCToken = GOOD, RoleSessionName = "spec",
      }
      for name, value in pairs(changes or {}) do query[name] = value or nil end
      return call_of(core.canonical_query(query))
    end

    it("gives the keys of a role for a token", function()
      local service, known = new()
      local _, body = answer(service, exchange())
      assert.equal("1", known:find(body.Credentials.AccessKeyId).account)
    end)

    it("refuses tokens that are none, or have expired, and providers that are none", function()
      for _, changes in ipairs {
        { OIDCToken = OLD }, { OIDCToken = false }, { OIDCToken = "abc" }, { OIDCToken = "not a token" },
        { OIDCToken = "a.!.c" }, { OIDCToken = "a.MQ.c" }, { OIDCProviderArn = false }, { OIDCProviderArn = "x" },
      } do
        local _, body = answer(new(), exchange(changes))
        assert.equal("InvalidParameter", body.Code)
      end
    end)
  end)
end)
