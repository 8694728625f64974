local cjson = require("cjson").new()
local classify = require "certstat.classify"
local ipc = require "certstat.ipc"
local schemes = require "certstat.emulator.schemes"
local service = require "certstat.command.doctor.service"
local sign = require "certstat.sign"

local LIST, STATUS = "ListClientCertificate", "DescribeClientCertificateStatusForSerialNumber"
local SECRET = "Canary-Secret"
local WALL = 1767323045 -- Fri, 02 Jan 2026 03:04:05 GMT

local function reply(fields, status, date)
  fields.RequestId = "1"
  return { kind = "reply", http_status = status or 200, headers = { date = date or "Fri, 02 Jan 2026 03:04:05 GMT" },
    body = cjson.encode(fields), first_byte_ns = 1, sent_ns = 1 }
end

local function refusal(code, status, more, date)
  local fields = { Code = code, Message = "No." }
  for name, value in pairs(more or {}) do fields[name] = value end
  return reply(fields, status or 400, date)
end

local DENIED = refusal("NoPermission", 403, { AccessDeniedDetail = {
  NoPermissionType = "ImplicitDeny", PolicyType = "AccountLevelIdentityBasedPolicy", AuthPrincipalType = "SubUser",
  AuthPrincipalDisplayName = "audit\27[2J",
} })

describe("the doctor, of the service", function()
  local asked, wall_ns = nil, ipc.wall_ns

  before_each(function()
    asked = {}
    ipc.wall_ns = function() return WALL * 1e9 end
  end)

  after_each(function() ipc.wall_ns = wall_ns end)

  -- replies: what comes of each call, or {message, info} where nothing could be asked; identity: with correct_clock
  local function rows(replies, identity)
    identity = identity or {}
    identity.credentials = { access_key_id = "testid", access_key_secret = SECRET }
    local found = {}
    for i, row in ipairs { service.rows({
      identity = identity, endpoint = { host = "cas.aliyuncs.com" },
      ask = function(_, operation, parameters)
        asked[#asked + 1] = { operation, parameters.SerialNumber }
        local answer = replies[#asked]
        if answer[1] then return nil, answer[1], answer[2] end
        return classify.event(answer), answer
      end,
    }) } do
      found[i] = { row.check, row.status, row.message, row.class, row.policy }
    end
    return found
  end

  local NO_PERMISSION = "NoPermission (ImplicitDeny by AccountLevelIdentityBasedPolicy, for SubUser audit\\x1B[2J)"

  it("finds all in order with two calls", function()
    local found = rows { reply { CertificateList = { { SerialNumber = "0A1B" } } }, reply { CertificateStatus = {} } }
    assert.same({ { "clock", "ok", "0 s ahead of the service's" }, { "signature", "ok", "accepted" },
      { "permission", "ok", STATUS .. ", " .. LIST } }, found)
    assert.same({ { LIST }, { STATUS, "0A1B" } }, asked)
  end)

  it("asks about a serial that was never issued where the list has none", function()
    for _, list in ipairs { {}, { CertificateList = {} }, { CertificateList = { { SerialNumber = "no" } } },
      { CertificateList = "odd" } } do
      asked = {}
      assert.equal("ok", rows({ reply(list), refusal("InvalidParameter") })[3][2])
      assert.same({ STATUS, "01" }, asked[2])
    end
  end)

  it("judges the clock by the reply's Date", function()
    local cases = {
      { "Fri, 02 Jan 2026 03:05:05 GMT", "ok", "60 s behind the service's" },
      { "Fri, 02 Jan 2026 03:06:06 GMT", "warning", "2 min 1 s behind the service's; from 15 minutes on it refuses "
        .. "what is dated so" },
      { "Fri, 02 Jan 2026 02:59:05 GMT", "warning", "5 min 0 s ahead of the service's; from 15 minutes on it refuses "
        .. "what is dated so" },
      { "Fri, 02 Jan 2026 04:04:05 GMT", "failed", "1 h 0 min behind the service's, which refuses what is dated so",
        "denied" },
      { "yesterday", "skipped", "no answer of the service has a Date" },
    }
    for _, case in ipairs(cases) do
      asked = {}
      local answer = reply({}, 200, case[1])
      assert.same({ "clock", case[2], case[3], case[4] }, rows({ answer, answer })[1])
    end
  end)

  it("goes by the service's clock where its own is refused", function()
    local late = refusal("InvalidTimeStamp.Expired", 400, {}, "Fri, 02 Jan 2026 04:04:05 GMT")
    local corrected
    local identity = { correct_clock = function(_, date)
      corrected = date
      return 3600
    end }
    local found = rows({ late, reply {}, reply {} }, identity)
    assert.equal("Fri, 02 Jan 2026 04:04:05 GMT", corrected)
    assert.same({ "clock", "warning", "1 h 0 min behind the service's: certstat dates its calls by the service's, "
      .. "other programs are refused" }, found[1])
    assert.same({ "ok", "ok" }, { found[2][2], found[3][2] })
    assert.equal(3, #asked)

    asked = {}
    found = rows({ late }, { correct_clock = function() end })
    assert.same({ "clock", "failed", "1 h 0 min behind the service's, which refuses what is dated so", "denied" },
      found[1])
    assert.same({ "signature", "failed", "the service answered InvalidTimeStamp.Expired (HTTP 400): No.", "denied" },
      found[2])
    assert.equal(1, #asked)
  end)

  -- What the service says of a request signed with another secret, for another host perhaps.
  local function mismatch(host)
    local signed = assert(sign.sign { method = "POST", host = host, action = LIST, version = "2020-06-30",
      access_key_id = "testid", access_key_secret = SECRET })
    local _, _, info = sign.verify { method = "POST", target = signed.target, headers = signed.headers, body = "",
      secret = "another" }
    return refusal("SignatureDoesNotMatch", 400, { Message = schemes.of({ headers = signed.headers }).mismatch(info) })
  end

  it("tells a wrong secret from another request", function()
    assert.same({ "signature", "failed", "SignatureDoesNotMatch: the secret is not this key's: both sign the same text",
      "denied" }, rows({ mismatch("cas.aliyuncs.com") })[2])
    asked = {}
    local found = rows { mismatch("proxy.example") }
    assert.same({ "signature", "failed", "SignatureDoesNotMatch: the service signs host:proxy.example, certstat "
      .. "host:cas.aliyuncs.com: another Host has arrived: the request went elsewhere (--endpoint, --region), or "
      .. "something on the way changes it", "denied" }, found[2])
    assert.same({ "permission", "skipped", "the signature was not accepted" }, found[3])
    asked = {}
    assert.same({ "signature", "failed", "the service answered SignatureDoesNotMatch (HTTP 400): No.", "denied" },
      rows({ refusal("SignatureDoesNotMatch") })[2])
    assert.equal(1, #asked)
  end)

  local refused = {
    { refusal("InvalidAccessKeyId.Inactive"), "failed", "denied" },
    { refusal("Throttling.User"), "warning", "throttled" },
    { refusal("InvalidProduct.NotFound", 404), "failed", "denied" }, { reply({}, 503), "failed", "server" },
    { { kind = "failed", class = "network", message = "no", http_status = 0, headers = {} }, "failed", "network" },
  }
  for _, case in ipairs(refused) do
    it(("says of a first call that is refused: %s, %s"):format(case[2], case[3]), function()
      local found = rows { case[1] }
      assert.same({ "signature", case[2], case[3] }, { found[2][1], found[2][2], found[2][4] })
      assert.same({ "permission", "skipped", "the signature was not accepted" }, found[3])
    end)
  end

  it("gives the policy where the status may not be asked", function()
    local found = rows { reply {}, DENIED }
    assert.same({ "permission", "failed", STATUS .. ": " .. NO_PERMISSION, "denied", service.policy { STATUS } },
      found[3])
    asked = {}
    found = rows { DENIED, DENIED }
    assert.same({ "ok", "failed" }, { found[2][2], found[3][2] })
    assert.equal(service.policy { STATUS, LIST }, found[3][5])
    assert.same({ STATUS, "01" }, asked[2])
  end)

  it("warns where the list alone may not be asked", function()
    local found = rows { DENIED, reply {} }
    assert.same({ "permission", "warning", LIST .. ": " .. NO_PERMISSION .. "; certstat list and audits of the "
      .. "service's own list need it", "denied", service.policy { LIST } }, found[3])
  end)

  it("takes a denial without a detail, or with an odd one", function()
    local found = rows { reply {}, refusal("Forbidden.RAM", 403) }
    assert.same({ "failed", STATUS .. ": Forbidden.RAM" }, { found[3][2], found[3][3] })
    asked = {}
    found = rows { reply {}, refusal("NoPermission", 403, { AccessDeniedDetail = { NoPermissionType = 7 } }) }
    assert.equal(STATUS .. ": NoPermission (denied by a policy, for the caller)", found[3][3])
  end)

  it("says why the second question has no answer", function()
    local found = rows { reply {}, refusal("Throttling") }
    assert.same({ "permission", "warning", "the service answered Throttling (HTTP 400): No.", "throttled" }, found[3])
    asked = {}
    found = rows { reply {}, { "no permit", { class = "throttled" } } }
    assert.same({ "permission", "warning", "no permit", "throttled" }, found[3])
  end)

  it("says why nothing could be asked", function()
    assert.same({ { "clock", "skipped", "nothing could be asked" }, { "signature", "failed", "locked", "limit" },
      { "permission", "skipped", "nothing could be asked" } }, rows { { "locked", { class = "limit" } } })
  end)

  it("has a policy that RAM reads", function()
    assert.same({ Version = "1", Statement = { { Effect = "Allow", Resource = "*",
      Action = { "yundun-cert:A", "yundun-cert:B" } } } }, cjson.decode(service.policy { "A", "B" }))
  end)
end)
