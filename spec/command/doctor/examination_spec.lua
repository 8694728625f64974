--- The doctor against the emulator, in every state that it tells apart.
local emulator = require "spec.emulator.emulator"
local examination = require "certstat.command.doctor.examination"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local quota = require "certstat.quota"
local service = require "certstat.command.doctor.service"

local LIST, STATUS = "ListClientCertificate", "DescribeClientCertificateStatusForSerialNumber"
local SECRET = "Canary/Secret+0123456789="

describe("the doctor", function()
  local folder, running, wall_ns = nil, nil, ipc.wall_ns

  setup(function()
    folder = files.folder()
    files.make_ca(folder, 2, 1)
    files.write(folder .. "/keys", ([==[[
      {"id": "good", "secret": "SECRET"}, {"id": "retired", "secret": "SECRET", "inactive": true},
      {"id": "nothing", "secret": "SECRET", "allow": []}, {"id": "listless", "secret": "SECRET", "deny": ["List*"]}
    ]]==]):gsub("SECRET", SECRET))
    running = emulator.start { "--ca", folder .. "/ca/sub", "--access-key-file", folder .. "/keys", "--tls",
      "--qps", "1000" }
    assert(ledger.open { home = folder .. "/home", create = true }):close()
  end)

  teardown(function()
    emulator.stop(running)
    ipc.remove_folder(folder)
  end)

  after_each(function() ipc.wall_ns = wall_ns end)

  -- Rows by their check, and how many calls were spent; id: of the access key, or none; changes: of the options.
  local function examine(id, changes)
    local env = { HOME = folder, ALIBABA_CLOUD_ACCESS_KEY_ID = id, ALIBABA_CLOUD_ACCESS_KEY_SECRET = id and SECRET,
      ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true" }
    local options = { endpoint = running.url, ca_file = running.ca, home = folder .. "/home", timeout = 5,
      getenv = function(name) return env[name] end, on_wait = function() end }
    for name, value in pairs(changes or {}) do
      if name:find("^ALIBABA") then env[name] = value else options[name] = value or nil end
    end
    local rows, order = {}, {}
    local spent, message, info = examination.run(options, function(row)
      rows[row.check], order[#order + 1] = row, row.check
      assert.is_nil(row.message:find("Canary", 1, true))
    end)
    if not spent then return nil, message, info end
    assert.same({ "credentials", "files", "dns", "tcp", "tls", "clock", "signature", "permission", "quota", "ledger",
      "calls" }, order)
    assert.equal(("%d call%s of the account's quota spent"):format(spent, spent == 1 and "" or "s"), rows.calls.message)
    return rows, spent
  end

  -- What is not ok: "check status" of each, in the order of the checks.
  local function complaints(rows)
    local texts = {}
    for _, check in ipairs { "credentials", "files", "dns", "tcp", "tls", "clock", "signature", "permission", "quota",
      "ledger" } do
      if rows[check].status ~= "ok" then texts[#texts + 1] = check .. " " .. rows[check].status end
    end
    return table.concat(texts, ", ")
  end

  it("finds all in order with two calls", function()
    local before = select(2, emulator.order(running, "GET", "/counters"))
    local rows, spent = examine("good")
    local after = select(2, emulator.order(running, "GET", "/counters"))
    assert.equal("", complaints(rows))
    assert.equal(2, spent)
    assert.equal(before.calls + 2, after.calls)
    assert.equal("go..., from environment", rows.credentials.message)
    assert.is_truthy(rows.tls.message:find("^TLSv1%.3; CN=certstat%-emulator, by CN=certstat%-emulator%-CA, good until "
      .. "20%d"), rows.tls.message)
    assert.equal("accepted", rows.signature.message)
    assert.equal(STATUS .. ", " .. LIST, rows.permission.message)
    assert.is_truthy(rows.quota.message:find("^account default: %d+ of 10 permits left, guard 100 ms; used by nobody"))
    assert.is_truthy(rows.ledger.message:find("/home/ledger%.db: schema %d, [%d,]+ bytes, 0 runs, 0 answers, whole$"))
  end)

  it("spends its calls of the quota that all share, and shows who shares it", function()
    local shared = assert(quota.new { home = folder .. "/home", account = "other" })
    shared:take()
    local rows, spent = examine("good", { account = "other" })
    assert.equal(2, spent)
    assert.is_truthy(rows.quota.message:find("^account other: %d+ of 10 permits left, guard 100 ms; used now by "
      .. "process %d"), rows.quota.message)
    assert.is_true(shared.state:look(ipc.now_ns()).free <= 8)
    shared:close()
  end)

  it("says that the secret is wrong", function()
    local rows, spent = examine("good", { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "another" })
    assert.equal("signature failed, permission skipped", complaints(rows))
    assert.equal("SignatureDoesNotMatch: the secret is not this key's: both sign the same text", rows.signature.message)
    assert.equal("denied", rows.signature.class)
    assert.equal(1, spent)
  end)

  it("says that the key is inactive, or unknown", function()
    local rows = examine("retired")
    assert.equal("signature failed, permission skipped", complaints(rows))
    assert.equal("the service answered InvalidAccessKeyId.Inactive (HTTP 400): Specified access key is disabled.",
      rows.signature.message)
    rows = examine("nobody")
    assert.is_truthy(rows.signature.message:find("InvalidAccessKeyId.NotFound", 1, true))
    assert.equal("denied", rows.signature.class)
  end)

  it("says what is not permitted, and gives the policy that permits it", function()
    local rows = examine("nothing")
    assert.equal("permission failed", complaints(rows))
    local why = ": NoPermission (ImplicitDeny by AccountLevelIdentityBasedPolicy, for SubUser nothing)"
    assert.equal(("%s%s; %s%s"):format(STATUS, why, LIST, why), rows.permission.message)
    assert.equal("denied", rows.permission.class)
    assert.equal(service.policy { STATUS, LIST }, rows.permission.policy)
    rows = examine("listless")
    assert.equal("permission warning", complaints(rows))
    assert.equal(service.policy { LIST }, rows.permission.policy)
  end)

  it("says that the clock is an hour off, and goes by the service's", function()
    ipc.wall_ns = function() return wall_ns() - 3600e9 end
    local rows, spent = examine("good")
    assert.equal("clock warning", complaints(rows))
    assert.is_truthy(rows.clock.message:find("^1 h 0 min behind the service's: certstat dates its calls by the "),
      rows.clock.message)
    assert.equal(3, spent)
  end)

  it("says that there are no credentials, and looks at the rest", function()
    local rows, spent = examine(nil)
    assert.equal("credentials failed, files skipped, clock skipped, signature skipped, permission skipped",
      complaints(rows))
    assert.is_truthy(rows.credentials.message:find("^no credentials: tried environment %(ALIBABA_CLOUD_ACCESS_KEY_ID "
      .. "is not set%), OIDC role %("), rows.credentials.message)
    assert.equal("denied", rows.credentials.class)
    assert.equal("there are no credentials", rows.signature.message)
    assert.equal(0, spent)
  end)

  it("shows a file that others can read, and a provider that can't be used", function()
    files.shell(("mkdir -p %s/.alibabacloud %s/.aliyun"):format(folder, folder))
    files.write(folder .. "/.aliyun/config.json", "no JSON")
    local ini = folder .. "/.alibabacloud/credentials"
    files.write(ini, ("[default]\ntype = access_key\naccess_key_id = good\naccess_key_secret = %s\n"):format(SECRET))
    files.shell("chmod 644 " .. ini .. "; chmod 600 " .. folder .. "/.aliyun/config.json")
    local rows = examine(nil)
    files.shell(("rm -r %s/.alibabacloud %s/.aliyun"):format(folder, folder))
    assert.equal("credentials warning, files warning", complaints(rows))
    assert.is_truthy(rows.credentials.message:find("^go%.%.%., from credentials file profile default; before it: "
      .. "environment %(.*aliyun CLI profile %(.*is no JSON"), rows.credentials.message)
    assert.equal(ini .. " can be read by others (rw-r--r--): chmod 600 it", rows.files.message)
  end)

  it("says that the name is not found", function()
    local rows, spent = examine("good", { endpoint = "https://cas.invalid" })
    assert.equal("dns failed, tcp skipped, tls skipped, clock skipped, signature skipped, permission skipped",
      complaints(rows))
    assert.equal("cas.invalid: Could not resolve host: cas.invalid", rows.dns.message)
    assert.equal("network", rows.dns.class)
    assert.equal(0, spent)
  end)

  it("says that nobody listens", function()
    local rows = examine("good", { endpoint = "https://127.0.0.1:1" })
    assert.equal("tcp failed, tls skipped, clock skipped, signature skipped, permission skipped",
      complaints(rows))
    assert.equal("127.0.0.1:1: can't connect: Connection refused", rows.tcp.message)
    assert.equal("there is no connection", rows.permission.message)
  end)

  local handshakes = {
    expired = "TLS: the certificate was refused: certificate has expired",
    self_signed = "TLS: the certificate was refused: self-signed certificate",
    wrong_name = "TLS: the certificate is for another name: SSL: no alternative certificate subject name matches "
      .. "target host name '127.0.0.1'",
  }
  for fault, why in pairs(handshakes) do
    it("says what is wrong with a certificate: " .. fault, function()
      emulator.fail(running, ('{"fault":"%s"}'):format(fault))
      local rows, spent = examine("good")
      emulator.fail(running, "")
      assert.equal("tls failed, clock skipped, signature skipped, permission skipped", complaints(rows))
      assert.equal(running.host .. ": " .. why, rows.tls.message)
      assert.equal(0, spent)
    end)
  end

  it("says that the handshake does not end", function()
    emulator.fail(running, '{"fault":"stalled_handshake"}')
    local rows = examine("good", { timeout = 0.5 })
    emulator.fail(running, "")
    assert.same({ "ok", "failed" }, { rows.tcp.status, rows.tls.status })
    assert.equal(running.host .. ": timed out after 500 ms, in the TLS handshake", rows.tls.message)
  end)

  it("says that the CA is not known", function()
    local rows = examine("good", { ca_file = false })
    assert.equal(running.host .. ": TLS: the certificate is from an unknown CA: unable to get local issuer certificate",
      rows.tls.message)
  end)

  it("says that there is no quota to ask with", function()
    local rows, spent = examine("good", { home = folder .. "/keys" })
    assert.equal("clock skipped, signature skipped, permission skipped, quota failed, ledger skipped", complaints(rows))
    assert.is_truthy(rows.quota.message:find("/keys: expected a folder, found a file", 1, true), rows.quota.message)
    assert.equal("there is no quota to ask with", rows.signature.message)
    assert.equal(0, spent)
  end)

  it("warns of a quota that is shared with nobody", function()
    files.write(folder .. "/.local", "a file")
    local rows = examine("good", { home = false })
    os.remove(folder .. "/.local")
    assert.equal("quota warning, ledger skipped", complaints(rows))
    assert.is_truthy(rows.quota.message:find("it is kept in memory, and shared with nobody", 1, true))
    assert.equal("accepted", rows.signature.message)
  end)

  local unusable = { { endpoint = "nowhere" }, { account = "../x" }, { profile = "" }, { ca_file = "/nonexistent" } }
  for _, options in ipairs(unusable) do
    it("refuses an option: " .. next(options), function()
      local rows, message, info = examine("good", options)
      assert.is_nil(rows)
      assert.equal("string", type(message))
      assert.equal("argument", info.class)
    end)
  end
end)
