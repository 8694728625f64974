local fake_fetch = require "spec.support.fake_fetch"
local cjson = require("cjson").new()
local fake_net = require "spec.support.fake_net"
local ipc = require "certstat.ipc"
local world = require "spec.support.world"

-- certstat.net and the host are fakes; all else is real.
local made -- what the last client was given: net, options
local warmed -- for which CA file
local here
package.loaded["certstat.net"] = {
  new = function(options)
    if options.ca_file == "/no/such.pem" then
      return nil, "can't read the CA file /no/such.pem", { class = "argument" }
    end
    made.net.options = options
    return made.net
  end,
  warm = function(ca_file)
    if ca_file == "/no/such.pem" then
      return nil, "can't warm up with the CA file /no/such.pem", { class = "argument" }
    end
    warmed = ca_file or "the system's"
    return true
  end,
}
package.loaded["certstat.host"] = { detect = function() return here or {} end }

local certstat = require "certstat"
local client_module = require "certstat.client"

local KEY = { access_key_id = "testid", access_key_secret = world.SECRET }

local function good(request)
  return world.statuses(request, function() return "good" end)
end

-- A client of a world of its own; answer as in world.new.
local function new_client(options, answer, rate)
  local w = world.new { answer = answer or good }
  made, here = w, w.host
  local all = { credentials = KEY, endpoint = "http://127.0.0.1:8080", getenv = function() end,
    quota = certstat.quota { rate = rate or 100 } }
  for name, value in pairs(options or {}) do all[name] = value end
  local client, message, info = certstat.client(all)
  if not client then return nil, message, info end
  return client, w
end

local function raised(...)
  local ok, problem = pcall(...)
  assert.is_false(ok)
  return (problem:gsub("^[^ ]*%.lua:%d+: ", ""))
end

-- An environment of nothing but that this is no ECS instance.
local function off_ecs(name) return name == "ALIBABA_CLOUD_ECS_METADATA_DISABLED" and "true" or nil end

describe("certstat.client", function()
  it("raises what is wrong with its options", function()
    local rows = {
      { 7, "client: expected a table of options, found number" },
      { { regoin = "x" }, "client: unknown option 'regoin'" },
      { { "cn-hangzhou" }, "client: unknown option '1'" },
      { { region = 7 }, "client: option 'region': expected a string, found a number" },
      { { endpoint = {} }, "client: option 'endpoint': expected a string, found a table" },
      { { credentials = "x" }, "client: option 'credentials': expected a table, found a string" },
      { { batch = "50" }, "client: option 'batch': expected a number, found a string" },
      { { allow_http = 1 }, "client: option 'allow_http': expected a boolean, found a number" },
      { { on_call = {} }, "client: option 'on_call': expected a function, found a table" },
      { { batch = 0 }, "client: option 'batch': expected a whole number of at least 1" },
      { { batch = -3 }, "client: option 'batch': expected a whole number of at least 1" },
      { { batch = 1.5 }, "client: option 'batch': expected a whole number of at least 1" },
      { { batch = 0 / 0 }, "client: option 'batch': expected a whole number of at least 1" },
      { { batch = math.huge }, "client: option 'batch': expected a whole number of at least 1" },
      { { timeout = 0 }, "client: option 'timeout': expected 0.001 to 86400 seconds" },
      { { timeout = -1 }, "client: option 'timeout': expected 0.001 to 86400 seconds" },
      { { timeout = 86401 }, "client: option 'timeout': expected 0.001 to 86400 seconds" },
      { { timeout = 0 / 0 }, "client: option 'timeout': expected 0.001 to 86400 seconds" },
      { { quota = {} }, "client: option 'quota': expected what certstat.quota returns, found another table" },
      { { quota = certstat.quota(), qps = 5 },
        "client: options 'qps' and 'guard' belong to a quota of its own, expected no 'quota' beside them" },
      { { quota = certstat.quota(), guard = 0.1 },
        "client: options 'qps' and 'guard' belong to a quota of its own, expected no 'quota' beside them" },
    }
    for _, row in ipairs(rows) do assert.equal(row[2], raised(client_module.new, row[1])) end
  end)

  it("returns what the world does not have", function()
    local rows = {
      { { credentials = { access_key_id = "id", access_key_secret = "a b" } }, "argument",
        "access_key_secret: expected visible ASCII characters, found another byte (a space or a line end?)" },
      { { endpoint = "ftp://host" }, "argument", "endpoint: expected https:// or http://, found ftp://" },
      { { endpoint = "nonsense" }, "argument",
        "endpoint: expected a URL, https://HOST or https://HOST:PORT" },
      { { ca_file = "/no/such.pem" }, "argument", "can't read the CA file /no/such.pem" },
    }
    for _, row in ipairs(rows) do
      local client, message, info = new_client(row[1])
      assert.is_nil(client)
      assert.equal(row[3], message)
      assert.equal(row[2], info.class)
    end
    made = world.new()
    local client, message, info = client_module.new { getenv = off_ecs }
    assert.is_nil(client)
    assert.truthy(message:find("^no credentials: tried "))
    assert.equal("denied", info.class)
  end)

  it("does what TLS needs once ahead of its calls, where its endpoint is https", function()
    local function open(endpoint, ca_file)
      warmed = nil
      return new_client { endpoint = endpoint, ca_file = ca_file }
    end
    assert(open("http://127.0.0.1:8080", "/a.pem"))
    assert.is_nil(warmed)
    assert(open("https://127.0.0.1:8443", "/a.pem"))
    assert.equal("/a.pem", warmed)
    assert(open "https://127.0.0.1:8443")
    assert.equal("the system's", warmed)
    local client, message, info = open("https://127.0.0.1:8443", "/no/such.pem")
    assert.is_nil(client)
    assert.equal("can't warm up with the CA file /no/such.pem", message)
    assert.equal("argument", info.class)
  end)

  it("waits for no credentials before its first call, and says then why there are none", function()
    made = world.new()
    local client = assert(client_module.new {
      getenv = function(name)
        return name == "ALIBABA_CLOUD_CREDENTIALS_URI" and "http://127.0.0.1:1/" or off_ecs(name)
      end,
    })
    client.session.fetch = fake_fetch.new()
    client.session:advance()
    client.session.fetch:finish(nil, "no reply")
    for _ = 1, 2 do
      local ready, message, info = client:ready()
      assert.is_nil(ready)
      assert.truthy(message:find("^no credentials: tried .*, credentials URI %(no reply%)$"))
      assert.equal("denied", info.class)
    end
    local reply, message = client:call("GetCAInstanceStatus", { Identifier = "x" })
    assert.is_nil(reply)
    assert.truthy(message:find("^GetCAInstanceStatus: no credentials: tried "))
    local rows, _, info = client:status { "ab" }
    assert.is_nil(rows)
    assert.equal("denied", info.class)
    assert.equal(0, #made.net.started)
    client:close()
    assert.same({ n = 2, nil, "the client is closed" }, { n = 2, (client:ready()), (select(2, client:ready())) })
  end)

  it("takes the account from the role that asks, unless it is named", function()
    local function account(options, variable)
      made = world.new()
      options.credentials = { access_key_id = "id", access_key_secret = "s", account = "1234567890" }
      options.getenv = function(name) return name == "CERTSTAT_ACCOUNT" and variable or nil end
      return assert(client_module.new(options)).account
    end
    assert.equal("1234567890", account({}))
    assert.equal("mine", account({ account = "mine" }))
    assert.equal("ours", account({}, "ours"))
  end)

  it("finds its endpoint by the options, the environment and the region", function()
    local function host(options, environment)
      options.getenv = function(name) return (environment or {})[name] end
      local w = world.new()
      made, here = w, w.host
      options.credentials, options.quota = KEY, certstat.quota()
      return (assert(client_module.new(options)).endpoint:gsub("^https?://", ""))
    end
    assert.equal("cas.aliyuncs.com", host {})
    assert.equal("cas.aliyuncs.com", host({}, { ALIBABA_CLOUD_REGION_ID = "" }))
    assert.equal("cas.eu-central-1.aliyuncs.com", host({}, { ALIBABA_CLOUD_REGION_ID = "eu-central-1" }))
    assert.equal("cas.me-east-1.aliyuncs.com",
      host({ region = "me-east-1" }, { ALIBABA_CLOUD_REGION_ID = "eu-central-1" }))
    assert.equal("cas-vpc.me-east-1.aliyuncs.com", host { region = "me-east-1", network = "vpc" })
    assert.equal("127.0.0.1:1", host({ endpoint = "http://127.0.0.1:1", region = "me-east-1" }))
  end)

  it("hands its transport what concerns it, and says who it is", function()
    local client, w = new_client { ca_file = "/a.pem", allow_http = true, connect_to = "10.0.0.1", timeout = 8 }
    assert.same({ ca_file = "/a.pem", allow_http = true, connect_to = "10.0.0.1" }, w.net.options)
    client:status { "ab" }
    assert.equal("certstat/" .. require("certstat.version"), w.net.started[1].fields["user-agent"])
    assert.equal(8e9, w.net.started[1].total_ns)
    assert.equal("testid", w.net.started[1].fields.authorization:match("Credential=([^,]+)"))
  end)

  it("shows no secret", function()
    local client = new_client { credentials = { access_key_id = "canary-id", access_key_secret = world.SECRET,
      security_token = "canary-token" } }
    assert.equal("certstat.client", tostring(client))
    local function walk(value, seen)
      if type(value) == "string" then
        assert.falsy(value:find("canary", 1, true))
      elseif type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in pairs(value) do
          walk(k, seen)
          walk(v, seen)
        end
      end
    end
    walk(client, {})
  end)
end)

describe("client:call", function()
  it("returns the reply as the service sent it", function()
    local client, w = new_client({}, function()
      return { body = '{"RequestId":"R","TotalCount":3,"Nothing":null}' }
    end)
    assert.same({ RequestId = "R", TotalCount = 3, Nothing = cjson.null }, client:call("DescribeCACertificateCount"))
    assert.equal("http://127.0.0.1:8080/", w.net.started[1].url)
    assert.equal("DescribeCACertificateCount", w.net.started[1].action)
    client:call("GetCAInstanceStatus", { InstanceId = "i-1" })
    assert.same({ InstanceId = "i-1" }, w.net.started[2].query)
  end)

  it("says what is wrong with its parameters, and asks nothing", function()
    local client, w = new_client()
    local rows = {
      { "CreateRootCACertificate", {},
        "unknown operation CreateRootCACertificate: expected a read operation of cas 2020-06-30" },
      { "DescribeClientCertificate", {}, "DescribeClientCertificate: expected parameter Identifier, found none" },
      { "ListCert", { CurrentPage = "x" }, "ListCert: CurrentPage: expected a whole number, found a string" },
    }
    for _, row in ipairs(rows) do
      local reply, message, info = client:call(row[1], row[2])
      assert.is_nil(reply)
      assert.equal(row[3], message)
      assert.equal("argument", info.class)
    end
    assert.equal(0, #w.net.started)
  end)

  it("returns what the world causes", function()
    local client = new_client({}, function() return world.refusal(403, "NoPermission", "You may not.") end)
    local reply, message, info = client:call("DescribeCACertificateCount")
    assert.is_nil(reply)
    assert.equal("DescribeCACertificateCount: the service answered NoPermission (HTTP 403): You may not.", message)
    assert.equal("denied", info.class)
    assert.equal("NoPermission", info.code)
    assert.equal(403, info.http_status)
    assert.equal("REQUEST-1", info.request_id)
  end)

  it("takes a lane", function()
    local client = new_client({}, function() return world.reply {} end)
    for _, lane in ipairs { "gate", "interactive", "audit" } do
      assert.truthy(client:call("DescribeCACertificateCount", nil, { lane = lane }))
    end
    assert.equal("expected the lane gate, interactive or audit, found 'fast'",
      raised(client.call, client, "DescribeCACertificateCount", {}, { lane = "fast" }))
    assert.equal("expected the lane gate, interactive or audit, found '7'",
      raised(client.status, client, {}, { lane = 7 }))
    assert.equal("expected the lane gate, interactive or audit, found 'x'",
      raised(client.audit, client, {}, { lane = "x" }))
  end)
end)

describe("client:list", function()
  it("gives the items of an operation with pages", function()
    local client, w = new_client({}, function(request)
      local page = tonumber(request.query.CurrentPage)
      return world.reply { CertificateList = { { Identifier = "i" .. page } }, PageCount = 3 }
    end)
    local shown = {}
    for item in client:list("ListRevokeCertificate", { ShowSize = 1 }) do shown[#shown + 1] = item.Identifier end
    assert.same({ "i1", "i2", "i3" }, shown)
    assert.equal("1", w.net.started[1].query.ShowSize)
  end)

  it("raises for an operation without", function()
    local client = new_client()
    for _, name in ipairs { "DescribeCACertificate", "Nothing", "VERSION", "encode" } do
      assert.equal("list: expected an operation with pages, found " .. name, raised(client.list, client, name))
    end
    assert.equal("list: expected an operation with pages, found nil", raised(client.list, client))
  end)

  it("ends with what is wrong", function()
    local client = new_client({}, function() return world.refusal(404, "Nothing.Known") end)
    local item, message, info = client:list("ListCert")()
    assert.is_nil(item)
    assert.equal("ListCert: the service answered Nothing.Known (HTTP 404): No.", message)
    assert.equal("argument", info.class)
    item, message = client:list("ListCert", { Type = 3 })()
    assert.is_nil(item)
    assert.equal("ListCert: Type: expected a string, found a number", message)
  end)
end)

describe("client:certificates", function()
  it("gives each certificate with its times in seconds", function()
    local sent = {
      SerialNumber = "084bde", Identifier = "i1", Status = "ISSUE", CertificateType = "CLIENT", SubjectDN = "CN=a",
      CommonName = "a", BeforeDate = 1609459200000, AfterDate = 1640995200000,
    }
    local client = new_client({}, function()
      return world.reply { PageCount = 1, CertificateList = { sent, {
        SerialNumber = cjson.null, Identifier = "i2", Status = 7, CommonName = "", BeforeDate = 0,
        AfterDate = cjson.null,
      } } }
    end)
    local certificates = client:certificates()
    assert.same({
      serial = "084bde", wire = "084bde", identifier = "i1", status = "ISSUE", type = "CLIENT", subject = "CN=a",
      common_name = "a", not_before = 1609459200, not_after = 1640995200, fields = sent,
    }, certificates())
    local second = certificates()
    assert.equal("i2", second.identifier)
    assert.equal("", second.serial)
    for _, name in ipairs { "wire", "status", "type", "subject", "common_name", "not_before", "not_after" } do
      assert.is_nil(second[name])
    end
    assert.is_nil(certificates())
  end)

  it("reads the lists of changed and of revoked certificates, which spell some fields otherwise", function()
    local client = new_client({}, function(request)
      return request.action == "ListCert" and world.reply { PageCount = 1, List = { {
        SerialNumber = "084bde", Identifier = request.query.AfterDate, Status = "ISSUE", SubjectDn = "CN=a",
        BeforeDate = "2021-01-02", AfterDate = "2022-01-02", BeforeTime = 1609459200000, AfterTime = 1640995200000,
      } } } or world.reply { PageCount = 1, CertificateList = { {
        SerialNumber = "b67e", BeforeDate = "2021-01-01T00:00Z", AfterDate = "2022-01-01T00:00Z",
        RevokeDate = "2021-07-01T00:00Z",
      } } }
    end)
    local changed = client:certificates { operation = "ListCert", parameters = { AfterDate = "2026-01-02" } }()
    assert.equal("2026-01-02", changed.identifier)
    assert.equal("CN=a", changed.subject)
    assert.same({ 1609459200, 1640995200 }, { changed.not_before, changed.not_after })
    local revoked = client:certificates { operation = "ListRevokeCertificate" }()
    assert.same({ "b67e", 1609459200, 1640995200, 1625097600 },
      { revoked.serial, revoked.not_before, revoked.not_after, revoked.revoked_at })
  end)

  it("is a source for audit, which asks in the service's own spelling", function()
    local client, w = new_client({}, function(request)
      if request.action == "ListClientCertificate" then
        return world.reply { PageCount = 1, CertificateList = {
          { SerialNumber = "84BDE", Identifier = "i1" }, { SerialNumber = "B6:7E", Identifier = "i2" },
        } }
      end
      return world.statuses(request, function(serial) return serial == "84BDE" and "good" or "revoked" end)
    end)
    local shown = {}
    for row in client:audit(client:certificates()) do
      shown[#shown + 1] = row.serial .. " " .. row.key .. " " .. row.status .. " " .. row.item.identifier
    end
    assert.same({ "84BDE 084bde good i1", "B6:7E b67e revoked i2" }, shown)
    assert.equal("84BDE,B6:7E", w.net.started[2].query.SerialNumber)
  end)
end)

describe("client:status", function()
  it("gives a row for each serial, in their order", function()
    local client = new_client { batch = 2 }
    local rows = client:status { "08:4B:DE", "x", "b67e" }
    assert.equal(3, #rows)
    assert.equal("08:4B:DE", rows[1].serial)
    assert.equal("084bde", rows[1].key)
    assert.equal("good", rows[1].status)
    assert.equal("invalid", rows[2].status)
    assert.same({}, client:status {})
    assert.same({}, client:status(function() end))
  end)

  it("raises for what is no list", function()
    local client = new_client()
    for _, row in ipairs {
      { "084bde", "string" }, { 7, "number" }, { nil, "nil" }, { { serial = "084bde" }, "a table of names" },
      { { nil, "084bde" }, "a table of names" },
    } do
      assert.equal("expected a list or an iterator of serial numbers, found " .. row[2],
        raised(client.status, client, row[1]))
      assert.equal("expected a list or an iterator of serial numbers, found " .. row[2],
        raised(client.audit, client, row[1]))
    end
    assert.equal("audit: expected serial numbers as strings or tables with a field 'serial', found number",
      raised(client.status, client, { 7 }))
  end)

  it("returns the error where none of them has an answer", function()
    local client = new_client({ batch = 1 }, function() return world.refusal(403, "NoPermission", "You may not.") end)
    local rows, message, info = client:status { "01", "02" }
    assert.is_nil(rows)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: the service answered NoPermission (HTTP 403): You "
      .. "may not.", message)
    assert.equal("denied", info.class)
    assert.equal("NoPermission", info.code)
    assert.equal(403, info.http_status)
    assert.equal("REQUEST-1", info.request_id)
    assert.equal(2, #info.rows)
    assert.equal("02", info.rows[2].serial)
  end)

  it("returns the error of a word that the service has and we do not", function()
    local client = new_client({}, function(request)
      return world.statuses(request, function() return "suspended" end)
    end)
    local rows, message, info = client:status { "01" }
    assert.is_nil(rows)
    assert.equal("expected good, revoked or unknown in Status, found 'suspended'", message)
    assert.equal("protocol", info.class)
    assert.equal("UnknownStatus", info.code)
  end)

  it("returns rows where one of them has an answer, or is no serial", function()
    local client = new_client({ batch = 1 }, function(request, n)
      return n == 1 and world.refusal(404, "Nothing.Known") or good(request)
    end)
    local rows = client:status { "01", "02" }
    assert.equal("error", rows[1].status)
    assert.equal("good", rows[2].status)
    client = new_client({}, function() return world.refusal(404, "Nothing.Known") end)
    rows = client:status { "01", "x" }
    assert.equal("error", rows[1].status)
    assert.equal("invalid", rows[2].status)
  end)

  it("goes before an audit", function()
    local client, w = new_client({ batch = 1 }, good, 1)
    local rows = client:audit(world.source(5))
    rows()
    assert.equal("good", client:status({ "ff" })[1].status)
    assert.truthy(#w.net.started <= 3)
  end)
end)

describe("client:audit", function()
  it("streams rows from a list or an iterator", function()
    local client = new_client { batch = 2 }
    for _, source in ipairs { { "01", "02", "03" }, (function()
      local i = 0
      return function()
        i = i + 1
        return ({ "01", "02", "03" })[i]
      end
    end)() } do
      local shown = {}
      for row in client:audit(source) do shown[#shown + 1] = row.serial .. " " .. row.status end
      assert.same({ "01 good", "02 good", "03 good" }, shown)
    end
  end)

  it("goes on though nobody holds the client any more", function()
    local rows
    do
      local client = new_client({ batch = 1 }, good, 10)
      rows = client:audit(world.source(30))
    end
    local n = 0
    for row in rows do
      collectgarbage()
      n = n + 1
      assert.equal("good", row.status)
    end
    assert.equal(30, n)
  end)

  it("learns the size of batches for later", function()
    local client, w = new_client({}, function(request)
      if #world.serials(request) > 10 then return world.refusal(400, "InvalidParameter") end
      return good(request)
    end)
    assert.equal(60, #client:status(world.source(60)))
    local before = #w.net.started
    assert.equal(14, #client:status(world.source(14)))
    assert.equal(2, #w.net.started - before)
  end)
end)

describe("a client that is closed", function()
  it("says so, whatever is asked", function()
    local client, w = new_client()
    local certificates = client:certificates()
    client:close()
    client:close()
    assert.is_true(w.net.closed)
    for _, name in ipairs { "call", "status" } do
      local result, message, info = client[name](client, name == "call" and "DescribeCACertificateCount" or { "01" })
      assert.is_nil(result)
      assert.equal("the client is closed", message)
      assert.same({ class = "closed", code = "Closed" }, info)
    end
    for _, next_one in ipairs { client:audit { "01" }, certificates, client:list("ListCert") } do
      local result, message, info = next_one()
      assert.is_nil(result)
      assert.equal("the client is closed", message)
      assert.same({ class = "closed", code = "Closed" }, info)
    end
    assert.equal(0, client:counters().calls)
    assert.equal(0, #w.net.started)
    assert.equal("certstat.client", tostring(client))
  end)
end)

describe("client:warm", function()
  -- A client of a world where connections are opened as connect says; see world.new.
  local function cold_client(options)
    local w = world.new(options)
    made, here = w, w.host
    w.host.spawn = function(f) f() end
    return assert(certstat.client { credentials = KEY, endpoint = "http://127.0.0.1:8080",
      getenv = function() end, quota = certstat.quota() }), w
  end

  it("opens a connection, which the first call leaves over at once", function()
    local client, w = cold_client { answer = good, connect = function() return { ms = 300 } end }
    client:warm()
    assert.equal(1, #w.net.opened)
    assert.equal(0, #w.net.started)
    local began = w.clock.now
    assert.equal("good", client:status({ "01" })[1].status)
    assert.equal(1, #w.net.opened)
    assert.equal(began, w.net.started[1].at)
  end)

  it("leaves what fails to the first call", function()
    local client, w = cold_client { answer = good, connect = function(n)
      return n == 1 and { ms = 5, class = "network", message = "fake: refused" } or {}
    end }
    client:warm()
    assert.equal(1, #w.net.opened)
    assert.equal("good", client:status({ "01" })[1].status)
  end)

  it("does not wait for what can't be begun", function()
    local refused = { refuse = { "no", { class = "limit" } } }
    local client = cold_client { answer = good, connect = function() return refused end }
    client:warm()
    assert.equal("limit", select(3, client:status { "01" }).class)
  end)

  it("ends with the client", function()
    local client, w
    client, w = cold_client { answer = good, connect = function() return { ms = 3000 } end }
    local pause = w.host.pause
    w.host.pause = function()
      client:close()
      w.host.pause = pause
    end
    client:warm()
    assert.is_true(client.loop.closed)
  end)
end)

describe("in a host that can't wait here", function()
  it("a client says so, and nothing is asked", function()
    local client, w = new_client()
    client.host = { may_wait = function() return nil, "not here" end }
    for _, ask in ipairs {
      function() return client:call("DescribeCACertificateCount") end, function() return client:status { "01" } end,
      function() return client:audit { "01" }() end, function() return client:certificates()() end,
    } do
      local result, message, info = ask()
      assert.is_nil(result)
      assert.equal("not here", message)
      assert.same({ class = "argument", code = "CannotWait" }, info)
    end
    assert.equal(0, #w.net.started)
  end)
end)

describe("client:guard", function()
  it("is what the quota has been told, or has come to", function()
    assert.equal(0.1, new_client():guard())
    assert.equal(0.02, new_client({ quota = certstat.quota { guard = 0.02 } }):guard())
  end)

  it("waits while another process has the quota's file", function()
    local client, looks = new_client(), 0
    client.loop.quota = setmetatable({
      look = function()
        looks = looks + 1
        return looks < 3 and 1000 or { guard_ns = 5e7 }
      end,
    }, { __index = function() return function() return true end end })
    assert.equal(0.05, client:guard())
    assert.equal(3, looks)
  end)

  it("returns why the quota can't be looked at, and that the client is closed", function()
    local client = new_client()
    client.loop.quota = { look = function() return nil, "quota: gone", { class = "limit" } end }
    assert.same({ nil, "quota: gone", { class = "limit" } }, { client:guard() })
    client = new_client()
    client:close()
    assert.same({ nil, "the client is closed", { class = "closed", code = "Closed" } }, { client:guard() })
  end)
end)

describe("client:counters", function()
  it("counts, and is a copy", function()
    local client = new_client({ batch = 2 }, function(request, n)
      return n == 1 and world.refusal(400, "Throttling") or good(request)
    end)
    client:status { "01", "02", "03" }
    local counters = client:counters()
    assert.same({ calls = 3, serials = 5, throttled = 1, retries = 1, failed = 0 }, counters)
    counters.calls = 0
    assert.equal(3, client:counters().calls)
  end)
end)

describe("a client's on_call", function()
  it("is told of each attempt", function()
    local told = {}
    local client = new_client({ on_call = function(call) told[#told + 1] = call end })
    client:status { "01", "02" }
    assert.equal(1, #told)
    assert.equal("done", told[1].outcome)
    assert.equal(2, told[1].serials)
    assert.equal(200, told[1].http_status)
  end)
end)

describe("two clients with one quota", function()
  it("keep it together", function()
    local quota = certstat.quota { rate = 2, guard = 0 }
    local w = world.new { answer = good }
    local second = fake_net.new(w.clock, w.net.script)
    made, here = w, w.host
    local options = { credentials = KEY, endpoint = "http://127.0.0.1:8080", getenv = function() end, quota = quota }
    local one = certstat.client(options)
    made = { net = second }
    local two = certstat.client(options)
    for i = 1, 4 do
      assert.equal("good", one:status({ world.serial(i) })[1].status)
      assert.equal("good", two:status({ world.serial(i) })[1].status)
    end
    for _, request in ipairs(second.started) do table.insert(w.net.started, request) end
    assert.equal(8, #w.net.started)
    assert.equal(2, w:densest(1000))
  end)
end)

describe("client: the quota of an account", function()
  local folder
  before_each(function() folder = assert(ipc.temporary_folder("/tmp/certstat-spec-")) end)
  after_each(function() ipc.remove_folder(folder) end)

  -- A client without a quota of its own, for which the environment has these values. forks: of the host.
  local function open(options, environment, forks)
    local w = world.new()
    made, here = w, w.host
    here.forks = forks
    options.credentials, options.endpoint = KEY, "http://127.0.0.1:8080"
    options.getenv = function(name) return (environment or {})[name] end
    return client_module.new(options)
  end

  it("is a file of the home, shared by all who name both", function()
    local one = assert(open { home = folder, account = "mine", guard = 0, qps = 1 })
    local two = assert(open({ guard = 0, qps = 1 }, { CERTSTAT_HOME = folder, CERTSTAT_ACCOUNT = "mine" }))
    local other = assert(open { home = folder, guard = 0, qps = 1 })
    assert.same({}, one.warnings)
    for _, name in ipairs { "mine", "default" } do assert.truthy(ipc.facts(folder .. "/quota/" .. name)) end
    local now = ipc.now_ns()
    assert.truthy(one.quota.state:take("gate", now, 0) > 0)
    now = now + 2e9
    assert.equal(0, (one.quota.state:take("gate", now, 0)))
    assert.truthy(two.quota.state:take("gate", now, 0) > 0)
    assert.truthy(other.quota.state:take("gate", now, 0) > 0) -- new
    assert.equal(0, (other.quota.state:take("gate", now + 2e9, 0)))
    one:close()
    assert.truthy(raised(one.quota.take, one.quota):find("is closed"))
  end)

  it("lies in the user's folder, if nobody says otherwise", function()
    local client = assert(open({}, { HOME = folder }))
    assert.same({}, client.warnings)
    assert.truthy(ipc.facts(folder .. "/.local/state/certstat/quota/default"))
  end)

  it("is kept in memory where that can't be, and a line says so", function()
    local client = assert(open({}, {}))
    assert.same({ "quota: neither CERTSTAT_HOME nor HOME is set; it is kept in memory, and shared with nobody" },
      client.warnings)
    assert.equal(0, (client.quota:take()))
    client = assert(open({}, { HOME = "/dev/null" }))
    assert.same({ "quota: /dev/null/.local/state/certstat: Not a directory; it is kept in memory, and shared with "
      .. "nobody" }, client.warnings)
  end)

  it("is in a server shared in no home but one that is named, which is opened when it is used", function()
    local client = assert(open({}, { HOME = "/dev/null" }, true))
    assert.same({ "quota: no home is named (option home, or CERTSTAT_HOME); it is kept in memory, and shared with "
      .. "nobody" }, client.warnings)
    for _, named in ipairs { { { home = "/dev/null" }, {} }, { {}, { CERTSTAT_HOME = "/dev/null" } } } do
      client = assert(open(named[1], named[2], true))
      assert.same({}, client.warnings)
      assert.same({ n = 2, nil, "quota: /dev/null: expected a folder, found something else" },
        { n = 2, (client.quota:take()), (select(2, client.quota:take())) })
    end
  end)

  it("must be in the home that somebody named", function()
    for _, named in ipairs { { { home = "/dev/null" }, {} }, { {}, { CERTSTAT_HOME = "/dev/null" } } } do
      local client, message, info = open(named[1], named[2])
      assert.is_nil(client)
      assert.equal("quota: /dev/null: expected a folder, found something else", message)
      assert.same({ class = "argument", code = "QuotaFile" }, info)
    end
    local client, message, info = open { account = "../x" }
    assert.is_nil(client)
    assert.truthy(message:find("^account: expected 1 to 64 letters"))
    assert.equal("argument", info.class)
  end)
end)
