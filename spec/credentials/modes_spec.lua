--- Every way to come by credentials, for real: the emulator gives them out, and takes them.
local certstat = require "certstat"
local cjson = require("cjson").new()
local canaries = require "spec.support.canaries"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local host = require "certstat.host"
local ipc = require "certstat.ipc"

local SECONDS = 2 -- that temporary keys are good
local ARN = "acs:ram::1234567890:role/"

describe("credentials in every mode", function()
  local folder, service, serial, log

  setup(function()
    folder = files.folder()
    serial = files.make_ca(folder, 1, 0)[1].serial
    log = folder .. "/log"
    service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--qps", "1000", "--log", log,
      "--session-seconds", tostring(SECONDS) }
    files.write(folder .. "/token", "e30.e30.c2ln")
    files.write(folder .. "/tool", ([[#!/bin/sh
echo '{"arrival_us":0,"action":"External"}' >> %s
printf '{"mode":"AK","access_key_id":"demo","access_key_secret":"throw-away","expiration":"%%s"}' \
  "$(date -u -d "+$(cat %s) seconds" +%%Y-%%m-%%dT%%H:%%M:%%SZ)"
]]):format(log, folder .. "/seconds"))
    files.shell("chmod 700 " .. folder .. "/tool")
  end)

  before_each(function() files.write(folder .. "/seconds", tostring(SECONDS)) end)

  teardown(function()
    emulator.stop(service)
    ipc.remove_folder(folder)
  end)

  -- What the environment has in all modes; variables: what else.
  local function getenv_of(variables)
    return function(name)
      if name == "ALIBABA_CLOUD_STS_ENDPOINT" or name == "CERTSTAT_METADATA_ENDPOINT" then return service.url end
      local value = variables[name]
      if value == nil and name == "ALIBABA_CLOUD_ECS_METADATA_DISABLED" then return "true" end
      return value
    end
  end

  -- A home with this profile in the aliyun command's file, and this section in the libraries'.
  local homes = 0
  local function home_of(profiles, section)
    homes = homes + 1
    local home = ("%s/home%d"):format(folder, homes)
    files.shell(("mkdir -p %s/.aliyun %s/.alibabacloud"):format(home, home))
    if profiles then
      profiles[1].name = "one"
      files.write(home .. "/.aliyun/config.json", cjson.encode { current = "one", profiles = profiles })
    end
    if section then files.write(home .. "/.alibabacloud/credentials", "[default]\n" .. section) end
    files.shell(("chmod -R go= %s"):format(home))
    return home
  end

  local function client_of(variables, profiles, section, options)
    options = options or {}
    if profiles or section then variables.HOME = home_of(profiles, section) end
    options.endpoint, options.quota, options.getenv = service.url, certstat.quota(), getenv_of(variables)
    return assert(certstat.client(options))
  end

  local KEY = { access_key_id = "demo", access_key_secret = "throw-away" }

  local function profile(mode, fields)
    fields.mode = mode
    return fields
  end

  local function with_key(mode, fields)
    for name, value in pairs(KEY) do fields[name] = value end
    return profile(mode, fields)
  end

  local function role(name) return with_key("RamRoleArn", { ram_role_arn = ARN .. name }) end

  -- Each mode: its environment, profiles, section; what is asked for keys, by the log's word; who gives them.
  local function modes()
    local token = folder .. "/token"
    return {
      { {
        ALIBABA_CLOUD_ROLE_ARN = ARN .. "pod", ALIBABA_CLOUD_OIDC_PROVIDER_ARN = "acs:ram::1:oidc-provider/x",
        ALIBABA_CLOUD_OIDC_TOKEN_FILE = token,
      }, nil, nil, "AssumeRoleWithOIDC", "OIDC role" },
      { {}, { role "audit" }, nil, "AssumeRole", "aliyun CLI profile one" },
      { {}, { profile("EcsRamRole", { ram_role_name = "certstat" }) }, nil, "Metadata", "aliyun CLI profile one" },
      { {}, { profile("OIDC", { ram_role_arn = ARN .. "pod", oidc_token_file = token,
        oidc_provider_arn = "acs:ram::1:oidc-provider/x" }) }, nil, "AssumeRoleWithOIDC", "aliyun CLI profile one" },
      { {}, { profile("ChainableRamRoleArn", { ram_role_arn = ARN .. "last", source_profile = "two" }),
        (function()
          local two = role "first"
          two.name = "two"
          return two
        end)() }, nil, "AssumeRole", "aliyun CLI profile one" },
      { {}, { profile("External", { process_command = folder .. "/tool" }) }, nil, "External",
        "aliyun CLI profile one" },
      { {}, { profile("CredentialsURI", { credentials_uri = service.url .. "/credentials" }) }, nil, "CredentialsURI",
        "aliyun CLI profile one" },
      { {}, nil, "type = ecs_ram_role\n", "Metadata", "credentials file profile default" },
      { {}, nil, "type = ram_role_arn\naccess_key_id = demo\naccess_key_secret = throw-away\nrole_arn = " .. ARN ..
        "audit\nrole_session_name = spec\n", "AssumeRole", "credentials file profile default" },
      { {}, nil, "type = oidc_role_arn\nrole_arn = " .. ARN .. "pod\n" ..
        "oidc_provider_arn = acs:ram::1:oidc-provider/x\noidc_token_file_path = " .. token .. "\n",
        "AssumeRoleWithOIDC", "credentials file profile default" },
      { { ALIBABA_CLOUD_ECS_METADATA_DISABLED = "" }, nil, nil, "Metadata", "ECS metadata" },
      { { ALIBABA_CLOUD_CREDENTIALS_URI = service.url .. "/credentials" }, nil, nil, "CredentialsURI",
        "credentials URI" },
    }
  end

  local function asked()
    local counts = {}
    for action in files.read(log):gmatch('"action":"(%w+)"') do counts[action] = (counts[action] or 0) + 1 end
    return counts
  end

  local function is_good(client)
    local rows, message = client:status { serial }
    assert.is_nil(message)
    assert.equal("good", rows[1].status)
  end

  -- ... and those in which nothing is asked.
  local function static()
    return {
      { { ALIBABA_CLOUD_ACCESS_KEY_ID = "demo", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "throw-away" } },
      { {}, { with_key("AK", {}) } },
      { {}, nil, "type = access_key\naccess_key_id = demo\naccess_key_secret = throw-away\n" },
    }
  end

  it("serves keys that nothing has to be fetched for", function()
    for _, one in ipairs(static()) do
      local client = client_of(one[1], one[2], one[3])
      is_good(client)
      client:close()
    end
  end)

  it("fetches keys at first use, and new ones before they expire, without a call that fails", function()
    local clients = {}
    for i, mode in ipairs(modes()) do
      local before = asked()[mode[4]] or 0 -- the client asks as soon as it is made
      local client = client_of(mode[1], mode[2], mode[3])
      assert.is_nil(client.session.current)
      is_good(client)
      assert.truthy(asked()[mode[4]] > before, mode[4])
      assert.equal(mode[5], client.session.current.provider)
      assert.truthy(client.session.current.expires_in <= SECONDS)
      clients[i] = { client = client, first = client.session.current }
    end
    local left = #clients
    while left > 0 do
      for _, one in ipairs(clients) do
        is_good(one.client)
        if not one.done and one.client.session.current ~= one.first then
          one.done, left = true, left - 1
        end
      end
    end
    for _, one in ipairs(clients) do
      local counters = one.client:counters()
      assert.same({ 0, 0 }, { counters.retries, counters.failed })
      one.client:close()
    end
  end)

  -- The command in such an environment, which records what it does in a home of its own: all that it says.
  local function run(variables, profiles, section)
    if profiles or section then variables.HOME = home_of(profiles, section) end
    local getenv, script = getenv_of(variables), {}
    for name in pairs(variables) do script[#script + 1] = name end
    for _, name in ipairs { "ALIBABA_CLOUD_STS_ENDPOINT", "CERTSTAT_METADATA_ENDPOINT",
      "ALIBABA_CLOUD_ECS_METADATA_DISABLED" } do
      script[#script + 1] = name
    end
    for i, name in ipairs(script) do script[i] = ("%s='%s'"):format(name, getenv(name)) end
    files.write(folder .. "/run", ("exec env -i %s PATH='%s' LUA_PATH='%s' LUA_CPATH='%s' '%s' status --endpoint %s "
      .. "--home %s/state --record --verbose --format ndjson %s\n"):format(table.concat(script, " "), os.getenv("PATH"),
      os.getenv("LUA_PATH"), os.getenv("LUA_CPATH"), os.getenv("CERTSTAT"), service.url, folder, serial))
    return files.shell(("sh %s/run < /dev/null"):format(folder))
  end

  it("writes nothing secret to disk, and says none, in any of them", function()
    files.write(folder .. "/seconds", "600") -- the command may take its time
    local all = modes()
    for _, one in ipairs(static()) do table.insert(all, one) end
    for _, mode in ipairs(all) do
      local said = run(mode[1], mode[2], mode[3])
      assert.truthy(said:find('"status":"good"', 1, true), said)
      canaries.check(said, mode[4] or "what needs nothing to be fetched")
      assert.same({}, canaries.search { folder .. "/state", log })
    end
    assert.equal("file", ipc.facts(folder .. "/state/ledger.db").kind)
    assert.equal("folder", ipc.facts(folder .. "/state/quota").kind)
  end)

  it("fetches keys once for all that wait for them", function()
    local client = client_of({}, { role "audit" })
    local before = asked().AssumeRole
    local calls = {}
    for i = 1, 5 do -- as many as the quota lets go at once, while the keys are good
      calls[i] = client.loop:submit("DescribeClientCertificateStatusForSerialNumber", "2020-06-30",
        { SerialNumber = serial }, "interactive", nil, 1)
    end
    client.loop:wait(function()
      for _, call in ipairs(calls) do
        if not call.done then return false end
      end
      return true
    end)
    for _, call in ipairs(calls) do assert.truthy(call.reply) end
    assert.equal(before + 1, asked().AssumeRole)
    client:close()
  end)

  it("takes a temporary key from the environment and from a profile", function()
    local keys = cjson.decode(emulator.curl({ ('url = "%s/credentials"\n'):format(service.url) })[1].body)
    for _, one in ipairs {
      { { ALIBABA_CLOUD_ACCESS_KEY_ID = keys.AccessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET = keys.AccessKeySecret,
        ALIBABA_CLOUD_SECURITY_TOKEN = keys.SecurityToken } },
      { {}, { profile("StsToken", { access_key_id = keys.AccessKeyId, access_key_secret = keys.AccessKeySecret,
        sts_token = keys.SecurityToken }) } },
    } do
      local client = client_of(one[1], one[2])
      is_good(client)
      client:close()
    end
  end)

  -- Why no client can be had of each kind of mishap; %s: what stands before it.
  local WHY = {
    ["not-found"] = { "STS answered HTTP 404", "the role's keys: HTTP 404", "it answered HTTP 404" },
    unavailable = { "STS answered ServiceUnavailable (HTTP 503): Try again later.",
      "the role's keys: ServiceUnavailable (HTTP 503): Try again later.",
      "it answered ServiceUnavailable (HTTP 503): Try again later." },
    html = { "STS: what it gave is no JSON: Expected value but found invalid token at character 1",
      "what it gave is no JSON: Expected value but found invalid token at character 1",
      "what it gave is no JSON: Expected value but found invalid token at character 1" },
    ["cut-short"] = { "STS: what it gave is no JSON: Expected value but found unexpected end of string at character 38",
      "what it gave is no JSON: Expected value but found unexpected end of string at character 38",
      "what it gave is no JSON: Expected value but found unexpected end of string at character 38" },
    keyless = { "STS: what it gave has no AccessKeyId", "what it gave has no AccessKeyId",
      "what it gave has no AccessKeyId" },
    failed = { "STS: what it gave has no Credentials", "what it gave says Failed", "what it gave says Failed" },
  }

  local function ready(profiles)
    local client = client_of({}, { profiles })
    local ok, message, info = client:ready()
    client:close()
    assert.is_nil(ok)
    assert.same({ "denied", "NoCredentials" }, { info.class, info.code })
    return message:match("aliyun CLI profile %(profile one: (.-)%), credentials file ")
  end

  local function of_kind(kind, name)
    if kind == 1 then return role(name) end
    if kind == 2 then return profile("EcsRamRole", { ram_role_name = name }) end
    return profile("CredentialsURI", { credentials_uri = service.url .. "/credentials/" .. name })
  end

  it("says why there are none, whatever goes wrong", function()
    for name, why in pairs(WHY) do
      for kind = 1, 3 do assert.same({ name, kind, why[kind] }, { name, kind, ready(of_kind(kind, name)) }) end
    end
    for kind, where in ipairs { "STS: what", "what", "what" } do
      assert.truthy(ready(of_kind(kind, "expired")):find("^" .. where .. " it gave had expired at %d%d%d%d%-"))
    end
    assert.equal("STS answered SignatureDoesNotMatch (HTTP 400): "
      .. "Specified signature is not matched with our calculation.",
      ready(profile("RamRoleArn", { access_key_id = "demo", access_key_secret = "wrong", ram_role_arn = ARN .. "a" })))
    assert.truthy(ready(profile("EcsRamRole", { ram_role_name = "stall" })):find(": timed out after %d+ ms in all, "
      .. "waiting for the reply$"))
    assert.equal("its process_command ended with status 1", ready(profile("External", { process_command = "false" })))
    assert.equal("what its process_command wrote is no JSON: Expected value but found T_END at character 1",
      ready(profile("External", { process_command = "true" })))
  end)

  it("does not hold a call longer than its time, where whoever gives keys stalls", function()
    for kind = 1, 3, 2 do
      local client = client_of({}, { of_kind(kind, "stall") }, nil, { timeout = 0.5 })
      local reply, message, info = client:call("ListClientCertificate", {})
      assert.is_nil(reply)
      assert.equal("ListClientCertificate: no answer within 0.5 s", message)
      assert.equal("deadline", info.class)
      client:close()
    end
  end)

  it("goes on to the next provider where one fails", function()
    local client = client_of({ ALIBABA_CLOUD_CREDENTIALS_URI = service.url .. "/credentials" }, { role "unavailable" })
    assert.is_true(client:ready())
    is_good(client)
    assert.equal("credentials URI", client.session.current.provider)
    assert.same({ "aliyun CLI profile is passed over: profile one: STS answered ServiceUnavailable (HTTP 503): "
      .. "Try again later." }, client.warnings)
    client:close()
  end)

  it("keeps old ones while new ones can't be had, and says why once they have expired", function()
    local tool = folder .. "/once"
    -- good for longer than a first call may take
    files.write(tool, files.read(folder .. "/tool"):gsub("^#!/bin/sh\n", "#!/bin/sh\n[ ! -e $0.done ] || exit 7\n"
      .. "touch $0.done\n"):gsub("%+%d+ seconds", "+8 seconds"))
    files.shell("chmod 700 " .. tool)
    local client = client_of({}, { profile("External", { process_command = tool }) })
    is_good(client)
    local first, failed = client.session.current, nil
    while not failed do
      failed = select(2, client:status { serial })
      assert.equal(first, client.session.current)
    end
    assert.truthy(failed:find("aliyun CLI profile %(profile one: its process_command ended with status 7%)"), failed)
    client:close()
  end)

  it("asks a metadata service of one version alone, as that allows", function()
    for version, works in pairs { v1 = { true, false }, v2 = { true, true } } do
      local other = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--metadata", version }
      for i, only_v2 in ipairs { "", "true" } do
        local found = require("certstat.credentials").find {
          home = home_of({ profile("EcsRamRole", {}) }), getenv = function(name)
            if name == "CERTSTAT_METADATA_ENDPOINT" then return other.url end
            if name == "ALIBABA_CLOUD_IMDSV1_DISABLED" then return only_v2 end
            return name == "ALIBABA_CLOUD_ECS_METADATA_DISABLED" and "true" or nil
          end,
        }
        assert.same({ version, i, works[i] }, { version, i, found ~= nil })
      end
      emulator.stop(other)
    end
  end)

  it("says where a client can't wait for them", function()
    local detect = host.detect
    host.detect = function()
      return { name = "x", now_ns = ipc.now_ns, may_wait = function() return nil, "not in this phase" end }
    end
    local client = client_of({}, { role "audit" })
    host.detect = detect
    assert.same({ n = 3, nil, "not in this phase", { class = "argument", code = "CannotWait" } },
      { n = 3, client:ready() })
    client:close()
  end)
end)
