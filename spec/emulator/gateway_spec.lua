local accounts = require "certstat.emulator.accounts"
local certstat = require "certstat"
local gateway = require "certstat.emulator.gateway"
local quota = require "certstat.emulator.quota"
local switches = require "certstat.emulator.switches"

local NOW_US = 1767323045000000 -- 2026-01-02T03:04:05Z
local STATUS = "DescribeClientCertificateStatusForSerialNumber"

local KEYS = {
  { id = "demo", secret = "canary-secret", account = "1" }, { id = "other", secret = "x", account = "1" },
  { id = "second", secret = "x", account = "2" }, { id = "inactive", secret = "x", account = "1", inactive = true },
  { id = "STS.x", secret = "x", account = "1", token = "token", expires_at = NOW_US / 1e6 + 10 },
  { id = "STS.old", secret = "x", account = "1", token = "token", expires_at = NOW_US / 1e6 },
  { id = "lister", secret = "x", account = "1", allow = { "List*" } },
}

local function nothing() end

local function new_gateway(options)
  local used, settings = {}, switches.usual()
  options = options or {}
  for name, value in pairs(options.switches or {}) do settings[name] = value end
  return gateway.new {
    accounts = assert(accounts.new(KEYS, { get = nothing })),
    quota = quota.new { rate = options.qps or 10, rates = options.rates, window_us = 1000000, switches = settings },
    switches = settings,
    nonces = {
      used = function(_, id, nonce) return used[id .. nonce] ~= nil end,
      remember = function(_, id, nonce)
        if options.full then return nil, "no memory" end
        used[id .. nonce] = true
        return true
      end,
    },
    registry = {
      refresh = function() return options.problem == nil or nil, options.problem end,
      find = function(_, key) return key == "084bde" and { { entry = { key = key, status = "V" } } } or {} end,
      page = function() return {}, 0 end,
    },
  }
end

-- The call that arrives when `changes` of what certstat.sign takes are signed, and `after` changes it on its way.
local function call(changes, after)
  local request = {
    method = "POST", host = "127.0.0.1:8080", path = "/", query = { SerialNumber = "084bde" }, action = STATUS,
    version = "2020-06-30", access_key_id = "demo", access_key_secret = "canary-secret", date = "2026-01-02T03:04:05Z",
    nonce = "nonce", body = "",
  }
  for name, value in pairs(changes or {}) do request[name] = value end
  local signed = assert(certstat.sign(request))
  local arrived = {
    arrival_us = NOW_US, request_id = "ID", method = request.method, target = signed.target, headers = signed.headers,
    headers_count = 9, body = request.body,
  }
  if after then after(arrived, signed) end
  return arrived
end

-- The same in V1: all in the query, or in the form.
local function call_v1(changes, after)
  local request = {
    algorithm = "HMAC-SHA1", method = "GET", query = { SerialNumber = "084bde", Format = "JSON" }, action = STATUS,
    version = "2020-06-30", access_key_id = "demo", access_key_secret = "canary-secret", date = "2026-01-02T03:04:05Z",
    nonce = "nonce",
  }
  for name, value in pairs(changes or {}) do request[name] = value end
  local signed = assert(certstat.sign(request))
  local arrived = {
    arrival_us = NOW_US, request_id = "ID", method = request.method, target = signed.target,
    headers = { host = "127.0.0.1:8080", ["x-acs-action"] = STATUS, ["x-acs-version"] = "2020-06-30" },
    headers_count = 3, body = "",
  }
  if request.method == "POST" then
    arrived.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    arrived.target, arrived.body = "/", signed.target:sub(3)
  end
  if after then after(arrived, signed) end
  return arrived
end

local function answer(arrived, door)
  local reply = (door or new_gateway()):answer(arrived, nothing, nothing)
  return ("%d %s"):format(reply.status, reply.values.Code or "-"), reply
end

-- changes to what is signed, changes on the way, the answer
local cases = {
  ["a signed POST"] = { {}, nil, "200 -" },
  ["a signed GET"] = { { method = "GET" }, nil, "200 -" },
  ["a form body"] = { {
    query = {}, body = "SerialNumber=084bde", headers = { ["content-type"] = "application/x-www-form-urlencoded" },
  }, nil, "200 -" },
  ["a parameter in the query and in the form"] = { {
    body = "SerialNumber=084bde", headers = { ["content-type"] = "application/x-www-form-urlencoded" },
  }, nil, "200 -" },
  ["a query that is encoded in another way"] = { { query = { SerialNumber = "084bde", Other = "a b*" } },
    function(c) c.target = "/?SerialNumber=084bde&Other=a+b*" end, "200 -" },
  ["further signed fields"] = { { headers = { ["x-acs-credentials-provider"] = "default/env" } }, nil, "200 -" },
  ["the service's own host"] = { { host = "cas.aliyuncs.com" }, nil, "200 -" },
  ["a regional host"] = { { host = "cas-vpc.cn-hongkong.aliyuncs.com" }, nil, "200 -" },
  ["localhost"] = { { host = "localhost:1" }, nil, "200 -" },
  ["IPv6"] = { { host = "[::1]:1" }, nil, "200 -" },
  ["the latest date"] = { { date = "2026-01-02T03:19:05Z" }, nil, "200 -" },
  ["the earliest date"] = { { date = "2026-01-02T02:49:05Z" }, nil, "200 -" },

  ["a path"] = { { path = "/x" }, nil, "404 InvalidApi.NotFound" },
  ["another method"] = { { method = "PUT" }, nil, "403 UnsupportedHTTPMethod" },
  ["a lower-case method"] = { { method = "post" }, nil, "403 UnsupportedHTTPMethod" },
  ["too many fields"] = { {}, function(c) c.headers_count = 65 end, "400 InvalidRequest" },
  ["an action twice"] = { {}, function(c) c.headers["x-acs-action"] = { STATUS, STATUS } end, "400 InvalidRequest" },
  ["an Authorization twice"] = { {}, function(c)
    c.headers.authorization = { c.headers.authorization, c.headers.authorization }
  end, "400 InvalidRequest" },
  ["a query that is not encoded"] = { {}, function(c) c.target = "/?SerialNumber=%zz" end, "400 InvalidParameter" },
  ["another product's host"] = { { host = "ecs.aliyuncs.com" }, nil, "404 InvalidProduct.NotFound" },
  ["no host"] = { {}, function(c) c.headers.host = nil end, "404 InvalidProduct.NotFound" },
  ["no Authorization"] = { {}, function(c) c.headers.authorization = nil end, "400 MissingAccessKeyId" },
  ["no action"] = { {}, function(c) c.headers["x-acs-action"] = nil end, "400 MissingAction" },
  ["an empty action"] = { {}, function(c) c.headers["x-acs-action"] = "" end, "400 MissingAction" },
  ["no version"] = { {}, function(c) c.headers["x-acs-version"] = nil end, "400 MissingVersion" },
  ["the sibling version"] = { { version = "2020-04-07" }, nil, "400 InvalidVersion" },
  ["an unknown action"] = { { action = "DescribeCertificateState" }, nil, "404 InvalidAction.NotFound" },
  ["an action in another case"] = { { action = STATUS:lower() }, nil, "404 InvalidAction.NotFound" },
  ["another algorithm"] = { {}, function(c)
    c.headers.authorization = c.headers.authorization:gsub("HMAC%-SHA256", "HMAC-SM3")
  end, "400 IncompleteSignature" },
  ["half an Authorization"] = { {}, function(c)
    c.headers.authorization = c.headers.authorization:gsub(",Signature=.*", "")
  end, "400 IncompleteSignature" },
  ["spaces in the Authorization"] = { {}, function(c)
    c.headers.authorization = c.headers.authorization:gsub(",", ", ")
  end, "400 IncompleteSignature" },
  ["an unknown key"] = { { access_key_id = "stranger" }, nil, "404 InvalidAccessKeyId.NotFound" },
  ["a token with a key that has none"] = { { security_token = "token" }, nil,
    "400 InvalidSecurityToken.MismatchWithAccessKey" },
  ["the format XML"] = { { query = { SerialNumber = "084bde", Format = "XML" } }, nil, "200 -" },
  ["an inactive key"] = { { access_key_id = "inactive", access_key_secret = "x" }, nil,
    "400 InvalidAccessKeyId.Inactive" },
  ["a temporary key"] = { { access_key_id = "STS.x", access_key_secret = "x", security_token = "token" }, nil,
    "200 -" },
  ["a temporary key without its token"] = { { access_key_id = "STS.x", access_key_secret = "x" }, nil,
    "400 MissingSecurityToken" },
  ["a temporary key with another's token"] = { {
    access_key_id = "STS.x", access_key_secret = "x", security_token = "tokens",
  }, nil, "400 InvalidSecurityToken.MismatchWithAccessKey" },
  ["a temporary key that has expired"] = { {
    access_key_id = "STS.old", access_key_secret = "x", security_token = "token",
  }, nil, "400 InvalidSecurityToken.Expired" },
  ["an action that the key may not do"] = { { access_key_id = "lister", access_key_secret = "x" }, nil,
    "403 NoPermission" },
  ["an action that it may do"] = { {
    access_key_id = "lister", access_key_secret = "x", action = "ListClientCertificate", query = {},
  }, nil, "200 -" },
  ["a date that is none"] = { { date = "2026-01-02 03:04:05" }, nil, "400 InvalidTimeStamp.Format" },
  ["no date"] = { {}, function(c) c.headers["x-acs-date"] = nil end, "400 InvalidTimeStamp.Format" },
  ["a date too late"] = { { date = "2026-01-02T03:19:06Z" }, nil, "400 InvalidTimeStamp.Expired" },
  ["a date too early"] = { { date = "2026-01-02T02:49:04Z" }, nil, "400 InvalidTimeStamp.Expired" },
  ["a wrong secret"] = { { access_key_secret = "wrong" }, nil, "400 SignatureDoesNotMatch" },
  ["another key's secret"] = { { access_key_id = "other" }, nil, "400 SignatureDoesNotMatch" },
  ["another parameter on the way"] = { {}, function(c) c.target = "/?SerialNumber=084bdf" end,
    "400 SignatureDoesNotMatch" },
  ["another method on the way"] = { {}, function(c) c.method = "GET" end, "400 SignatureDoesNotMatch" },
  ["another body on the way"] = { {}, function(c) c.body = "x" end, "400 SignatureDoesNotMatch" },
  ["another body and its hash on the way"] = { {}, function(c)
    c.body = "x"
    c.headers["x-acs-content-sha256"] = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
  end, "400 SignatureDoesNotMatch" },
  ["a signature in upper case"] = { {}, function(c)
    c.headers.authorization = c.headers.authorization:gsub("Signature=(%x+)$", function(hex)
      return "Signature=" .. hex:upper()
    end)
  end, "400 SignatureDoesNotMatch" },
  ["a field that was not signed"] = { {}, function(c) c.headers["x-acs-retry-attempts"] = "1" end,
    "400 IncompleteSignature" },
  ["a signed field that did not arrive"] = { { headers = { ["x-acs-extra"] = "1" } },
    function(c) c.headers["x-acs-extra"] = nil end, "400 IncompleteSignature" },
  ["an empty nonce"] = { {}, function(c) c.headers["x-acs-signature-nonce"] = "" end, "400 IncompleteSignature" },
  ["no serial number"] = { { query = {} }, nil, "400 MissingSerialNumber" },
  ["what is no serial number"] = { { query = { SerialNumber = "xyz" } }, nil, "400 InvalidParameter" },
  ["a bad page"] = { { action = "ListClientCertificate", query = { ShowSize = "0" } }, nil, "400 InvalidParameter" },
}

-- the same in V1; a third string is the format of the answer
local cases_v1 = {
  ["a signed GET"] = { {}, nil, "200 -" },
  ["a signed POST, all in the form"] = { { method = "POST" }, nil, "200 -" },
  ["common parameters in the query, others in the form"] = { { method = "POST" }, function(c)
    local serial = "SerialNumber=084bde"
    c.target, c.body = "/?" .. c.body:gsub("&?" .. serial, ""), serial
  end, "200 -" },
  ["no Format, which is XML"] = { { query = { SerialNumber = "084bde" } }, nil, "200 -", "xml" },
  ["another case of a Format"] = { { query = { SerialNumber = "084bde", Format = "json" } }, nil, "200 -" },
  ["an error without a Format"] = { { query = {} }, nil, "400 MissingSerialNumber", "xml" },
  ["a Format that is none"] = { { query = { SerialNumber = "084bde", Format = "YAML" } }, nil,
    "400 InvalidParameter", "xml" },
  ["a temporary key"] = { { access_key_id = "STS.x", access_key_secret = "x", security_token = "token" }, nil,
    "200 -" },
  ["a temporary key without its token"] = { { access_key_id = "STS.x", access_key_secret = "x" }, nil,
    "400 MissingSecurityToken" },
  ["an empty token of a key that has none"] = { { security_token = "" }, nil, "200 -" },
  ["an unknown key"] = { { access_key_id = "stranger" }, nil, "404 InvalidAccessKeyId.NotFound" },
  ["no key"] = { {}, function(c) c.target = c.target:gsub("AccessKeyId=demo&", "") end, "400 IncompleteSignature" },
  ["no signature"] = { {}, function(c) c.target = c.target:gsub("&Signature=[^&]*", "") end,
    "400 MissingAccessKeyId" },
  ["another method of signing"] = { {}, function(c) c.target = c.target:gsub("HMAC%-SHA1", "HMAC-SHA256") end,
    "400 IncompleteSignature" },
  ["no nonce"] = { { nonce = "" }, nil, "400 IncompleteSignature" },
  ["no action"] = { { action = "" }, nil, "400 MissingAction" },
  ["the sibling version"] = { { version = "2020-04-07" }, nil, "400 InvalidVersion" },
  ["an unknown action"] = { { action = "DescribeCertificateState" }, nil, "404 InvalidAction.NotFound" },
  ["a date that is none"] = { { date = "2026-01-02 03:04:05" }, nil, "400 InvalidTimeStamp.Format" },
  ["a date too late"] = { { date = "2026-01-02T03:19:06Z" }, nil, "400 InvalidTimeStamp.Expired" },
  ["a wrong secret"] = { { access_key_secret = "wrong" }, nil, "400 SignatureDoesNotMatch" },
  ["another parameter on the way"] = { {}, function(c) c.target = c.target:gsub("084bde", "084bdf") end,
    "400 SignatureDoesNotMatch" },
  ["a parameter more"] = { {}, function(c) c.target = c.target .. "&More=" end, "400 SignatureDoesNotMatch" },
  ["a form that is not called one"] = { { method = "POST" }, function(c) c.headers["content-type"] = "text/plain" end,
    "400 MissingAccessKeyId" },
}

describe("the gateway in V1", function()
  for name, case in pairs(cases_v1) do
    it(("answers %s: %s"):format(name, case[3]), function()
      local found, reply = answer(call_v1(case[1], case[2]))
      assert.equal(case[3], found)
      assert.equal(case[4] or "json", reply.format)
      assert.equal(case[3] == "200 -" and STATUS .. "Response" or "Error", reply.root)
      assert.is_nil((reply.values.Message or ""):find("canary", 1, true))
    end)
  end

  it("takes a nonce once, whatever it was signed with", function()
    local door = new_gateway()
    assert.equal("200 -", (answer(call_v1(), door)))
    assert.equal("400 SignatureNonceUsed", (answer(call_v1(), door)))
    assert.equal("400 SignatureNonceUsed", (answer(call(), door)))
  end)

  it("shows the server's string to sign in a mismatch", function()
    local view
    local _, reply = answer(call_v1({ access_key_secret = "wrong" }, function(_, signed) view = signed end))
    assert.equal("Specified signature is not matched with our calculation. server string to sign is:"
      .. view.string_to_sign, reply.values.Message)
  end)
end)

describe("the gateway", function()
  for name, case in pairs(cases) do
    it(("answers %s: %s"):format(name, case[3]), function()
      local arrived = call(case[1], case[2])
      local found, reply = answer(arrived)
      assert.equal(case[3], found)
      assert.equal(reply.status, arrived.status)
      assert.equal(reply.values.Code, arrived.code)
      assert.equal("ID", reply.values.RequestId)
      assert.is_nil((reply.values.Message or ""):find("canary", 1, true))
    end)
  end

  it("replies in JSON, and in XML where it is asked for", function()
    local _, reply = answer(call())
    assert.same({ "json", STATUS .. "Response" }, { reply.format, reply.root })
    _, reply = answer(call { query = { Format = "XML" } })
    assert.same({ "xml", "Error" }, { reply.format, reply.root })
    _, reply = answer { arrival_us = 0, request_id = "ID", method = "GET", target = "/", headers = {},
      headers_count = 0, body = "" }
    assert.equal("json", reply.format)
    _, reply = answer { arrival_us = 0, request_id = "ID", method = "GET", target = "/?Action=ListCert", headers = {},
      headers_count = 0, body = "" }
    assert.equal("xml", reply.format)
  end)

  it("shows a host that is none as text", function()
    local _, reply = answer(call({}, function(c) c.headers.host = "\27[31m<" end))
    assert.equal("\\x1B[31m<", reply.values.HostId)
  end)

  it("tells the host, the key, the action and how many serials, for the log", function()
    local arrived = call { query = { SerialNumber = "084bde,ff,ff" } }
    local _, reply = answer(arrived)
    assert.equal("good", reply.values.CertificateStatus[1].Status)
    assert.same({ "demo", STATUS, 3 }, { arrived.access_key_id, arrived.action, arrived.serials })
    arrived = call({ access_key_id = "stranger", query = { SerialNumber = "" } })
    _, reply = answer(arrived)
    assert.equal("127.0.0.1:8080", reply.values.HostId)
    assert.same({ "stranger", STATUS }, { arrived.access_key_id, arrived.action })
    assert.is_nil(arrived.serials)
  end)

  it("shows the server's view in a mismatch", function()
    local view
    local _, reply = answer(call({ access_key_secret = "wrong", headers = { ["x-acs-odd"] = "\255\\" } },
      function(_, signed) view = signed end))
    assert.equal(("Specified signature does not match our calculation. server StringToSign is [%s] "
      .. "server CanonicalRequest is [%s]"):format(view.string_to_sign,
        (view.canonical_request:gsub("\255\\", "\\xFF\\\\"))), reply.values.Message)
  end)

  it("takes a nonce once for each key, and only from who has the secret", function()
    local door = new_gateway()
    assert.equal("400 SignatureDoesNotMatch", (answer(call { access_key_secret = "wrong" }, door)))
    assert.equal("200 -", (answer(call(), door)))
    assert.equal("400 SignatureNonceUsed", (answer(call(), door)))
    assert.equal("400 SignatureNonceUsed", (answer(call { access_key_secret = "wrong" }, door)))
    assert.equal("400 InvalidTimeStamp.Expired", (answer(call { date = "2026-01-02T02:00:00Z" }, door)))
    assert.equal("200 -", (answer(call { access_key_id = "other", access_key_secret = "x" }, door)))
    assert.equal("200 -", (answer(call { nonce = "another" }, door)))
  end)

  it("does not serve where it can't remember a nonce", function()
    assert.equal("503 ServiceUnavailable", (answer(call(), new_gateway { full = true })))
  end)

  it("counts what is signed, whoever of the keys signs it, and says when to come again", function()
    local door = new_gateway { qps = 2 }
    assert.equal("400 SignatureDoesNotMatch", (answer(call { access_key_secret = "wrong" }, door)))
    assert.equal("200 -", (answer(call { nonce = "1" }, door)))
    assert.equal("400 MissingSerialNumber", (answer(call({ nonce = "2", query = {} }), door)))
    local found, reply = answer(call({ nonce = "3", access_key_id = "other", access_key_secret = "x" }, function(c)
      c.arrival_us = c.arrival_us + 400000
    end), door)
    assert.equal("400 Throttling.User", found)
    assert.same({ ["x-acs-retry-after"] = "600" }, reply.headers)
    assert.equal("400 SignatureNonceUsed", (answer(call({ nonce = "3", access_key_id = "other",
      access_key_secret = "x" }), door)))
    assert.equal("200 -", (answer(call({ nonce = "4" }, function(c) c.arrival_us = c.arrival_us + 1000000 end), door)))
  end)

  it("counts an operation with a rate of its own by itself", function()
    local door = new_gateway { qps = 1, rates = { ListClientCertificate = 1 } }
    local list = { action = "ListClientCertificate", query = {} }
    for nonce, expected in ipairs { "200 -", "400 Throttling.User" } do
      list.nonce = "list" .. nonce
      assert.equal(expected, (answer(call(list), door)))
      assert.equal(expected, (answer(call { nonce = "status" .. nonce }, door)))
    end
  end)

  it("throttles in the form that the switches say", function()
    local door = new_gateway { qps = 1, switches = {
      ["throttle-status"] = "503", ["throttle-code"] = "Throttling.Api", ["throttle-headers"] = "x-ratelimit",
    } }
    assert.equal("200 -", (answer(call { nonce = "1" }, door)))
    local arrived = call { nonce = "2" }
    local found, reply = answer(arrived, door)
    assert.equal("503 Throttling.Api", found)
    assert.same({ 503, "Throttling.Api" }, { arrived.status, arrived.code })
    assert.equal("Limit:1,Remain:0,TimeLeft:1000,Reset:1000", reply.headers["x-ratelimit-user-api"])
  end)

  it("refuses GET where the switches say so, and takes POST", function()
    local door = new_gateway { switches = { get = "refused" } }
    assert.equal("403 UnsupportedHTTPMethod", (answer(call { method = "GET" }, door)))
    assert.equal("200 -", (answer(call(), door)))
  end)

  it("writes the serials of replies in the form that the switches say", function()
    local _, reply = answer(call(), new_gateway { switches = { ["serial-form"] = "upper" } })
    assert.equal("084BDE", reply.values.CertificateStatus[1].SerialNumber)
  end)

  it("answers InternalError for a database that can't be read, and keeps the reason for the log", function()
    local arrived = call()
    local found, reply = answer(arrived, new_gateway { problem = "/ca/index.txt:2: damaged" })
    assert.equal("500 InternalError", found)
    assert.equal("/ca/index.txt:2: damaged", arrived.problem)
    assert.is_nil(reply.values.Message:find("index", 1, true))
  end)

  it("has a quota for each account", function()
    local door = new_gateway { qps = 1 }
    assert.equal("200 -", (answer(call { nonce = "1" }, door)))
    assert.equal("400 Throttling.User", (answer(call { nonce = "2" }, door)))
    assert.equal("200 -", (answer(call { nonce = "3", access_key_id = "second", access_key_secret = "x" }, door)))
  end)

  it("says what a key lacks, after its call has been counted", function()
    local door = new_gateway { qps = 1 }
    local _, reply = answer(call { access_key_id = "lister", access_key_secret = "x" }, door)
    assert.same({
      AuthAction = "yundun-cert:" .. STATUS, AuthPrincipalDisplayName = "lister", AuthPrincipalOwnerId = "1",
      AuthPrincipalType = "SubUser", NoPermissionType = "ImplicitDeny",
      PolicyType = "AccountLevelIdentityBasedPolicy", EncodedDiagnosticMessage = "ID",
    }, reply.values.AccessDeniedDetail)
    assert.equal("400 Throttling.User", (answer(call(), door)))
  end)
end)
