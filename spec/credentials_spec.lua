local credentials = require "certstat.credentials"

local SECRET = "canary-secret-0001"
local CONFIG, INI = "/home/u/.aliyun/config.json", "/home/u/.alibabacloud/credentials"

-- find() on a machine that has these environment variables and files (path → text, or {text, permissions}).
local function find(environment, files, options)
  options = options or {}
  options.home = "/home/u"
  options.getenv = function(name)
    return environment[name] or name == "ALIBABA_CLOUD_ECS_METADATA_DISABLED" and "true" or nil
  end
  options.read = function(path)
    local file = files[path]
    if not file then return nil, path .. ": No such file or directory", 2 end
    if type(file) == "table" then return file[1], file[2] end
    return file, "rw-------"
  end
  return credentials.find(options)
end

-- what is told of the last two
local REST = "ECS metadata (ALIBABA_CLOUD_ECS_METADATA_DISABLED is true), " ..
  "credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI is not set)"

local KEY = { ALIBABA_CLOUD_ACCESS_KEY_ID = "env-id", ALIBABA_CLOUD_ACCESS_KEY_SECRET = SECRET }
local FILES = {
  [CONFIG] = '{"current": "work", "profiles": [{"name": "work", "mode": "AK", "access_key_id": "cli-id", ' ..
    '"access_key_secret": "' .. SECRET .. '", "region_id": "cn-hongkong"}]}',
  [INI] = "[default]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = " .. SECRET .. "\n" ..
    "[work]\ntype = access_key\naccess_key_id = ini-work-id\naccess_key_secret = " .. SECRET .. "\n",
}

describe("credentials.new", function()
  it("keeps what it is given, by name", function()
    local found = credentials.new { access_key_id = "LTAI5tExample", access_key_secret = SECRET, security_token = "t" }
    assert.equal("LTAI5tExample", found.access_key_id)
    assert.equal(SECRET, found.access_key_secret)
    assert.equal("t", found.security_token)
    assert.equal("program", found.provider)
    assert.is_nil(found.region)
    assert.is_nil(credentials.new { access_key_id = "a", access_key_secret = "b", security_token = "" }.security_token)
  end)

  it("takes what it has made", function()
    local found = credentials.new { access_key_id = "a", access_key_secret = SECRET, provider = "x", region = "r" }
    local again = credentials.find { credentials = found }
    assert.equal(SECRET, again.access_key_secret)
    assert.equal("x", again.provider)
    assert.equal("r", again.region)
  end)

  it("shows no secret and no token to what prints, lists or encodes", function()
    local found = credentials.new { access_key_id = "LTAI5tExample", access_key_secret = SECRET, security_token = "x" }
    assert.equal("certstat.credentials: LTAI... from program", tostring(found))
    assert.is_nil(next(found))
    for key in pairs(found) do error("found " .. tostring(key)) end
    assert.equal("{}", require("cjson").new().encode(found))
    assert.is_false(getmetatable(found))
    assert.error_matches(function() found.access_key_id = "b" end, "credentials can't be changed")
  end)

  it("refuses bytes that no header may hold, without showing them", function()
    for _, bad in ipairs { "a\n", "a\r", "\0a", "a b", "a\127", "a\195\164", "\27[m" } do
      for _, name in ipairs { "access_key_id", "access_key_secret", "security_token" } do
        local fields = { access_key_id = "id", access_key_secret = "secret", security_token = "token" }
        fields[name] = bad
        local found, message, info = credentials.new(fields)
        assert.is_nil(found)
        assert.equal(name .. ": expected visible ASCII characters, found another byte (a space or a line end?)",
          message)
        assert.same({ class = "argument" }, info)
      end
    end
  end)

  it("refuses a secret that nothing signs with", function()
    assert.same({ n = 3, nil, "access_key_secret: expected at most 1024 characters, found more",
      { class = "argument" } }, { n = 3, credentials.new { access_key_id = "a", access_key_secret = ("s"):rep(1025) } })
  end)

  it("keeps when they expire, and what else is known", function()
    local found = credentials.new { access_key_id = "a", access_key_secret = "b", expires_in = 60,
      facts = { region = "r", endpoint = "e", account = "1" } }
    assert.same({ 60, "r", "e", "1" }, { found.expires_in, found.region, found.endpoint, found.account })
  end)

  it("refuses empty ones", function()
    local found, message = credentials.new { access_key_id = "", access_key_secret = SECRET }
    assert.is_nil(found)
    assert.equal("access_key_id: expected a text, found an empty one", message)
    found, message = credentials.new { access_key_id = "a", access_key_secret = "" }
    assert.is_nil(found)
    assert.equal("access_key_secret: expected a text, found an empty one", message)
  end)

  it("raises on misuse", function()
    local function refused(fields, message)
      local ok, raised = pcall(credentials.new, fields)
      assert.is_false(ok)
      assert.truthy(raised:find(message, 1, true), raised)
      assert.falsy(raised:find("canary", 1, true))
    end
    refused({ access_key_id = "a" }, "credentials: field 'access_key_secret': expected a string, found nil")
    refused({ access_key_secret = SECRET }, "credentials: field 'access_key_id': expected a string, found nil")
    refused({ access_key_id = "a", access_key_secret = SECRET, security_token = 1 },
      "credentials: field 'security_token': expected a string, found number")
  end)
end)

describe("credentials.find", function()
  it("asks in the official libraries' order", function()
    assert.equal("env-id", find(KEY, FILES).access_key_id)
    assert.equal("cli-id", find({}, FILES).access_key_id)
    assert.equal("ini-id", find({}, { [INI] = FILES[INI] }).access_key_id)
  end)

  it("says where they come from, and the region that the profile names", function()
    assert.equal("environment", find(KEY, FILES).provider)
    assert.equal("aliyun CLI profile work", find({}, FILES).provider)
    assert.equal("cn-hongkong", find({}, FILES).region)
    assert.equal("credentials file profile default", find({}, { [INI] = FILES[INI] }).provider)
  end)

  it("takes a named profile from the files alone", function()
    assert.equal("cli-id", find(KEY, FILES, { profile = "work" }).access_key_id)
    assert.equal("ini-work-id", find(KEY, { [INI] = FILES[INI] }, { profile = "work" }).access_key_id)
    assert.equal("ini-work-id", find({ ALIBABA_CLOUD_PROFILE = "work" }, { [INI] = FILES[INI] }).access_key_id)
    assert.equal("env-id", find({ ALIBABA_CLOUD_PROFILE = "work", ALIBABA_CLOUD_ACCESS_KEY_ID = "env-id",
      ALIBABA_CLOUD_ACCESS_KEY_SECRET = SECRET }, FILES).access_key_id)
  end)

  it("searches nothing where they are given", function()
    local found = find(KEY, FILES, { credentials = { access_key_id = "mine", access_key_secret = SECRET } })
    assert.equal("mine", found.access_key_id)
    assert.equal("program", found.provider)
  end)

  it("says which were tried and why each did not serve", function()
    local found, message, info = find({}, {})
    assert.is_nil(found)
    assert.equal("no credentials: tried environment (ALIBABA_CLOUD_ACCESS_KEY_ID is not set), " ..
      "OIDC role (ALIBABA_CLOUD_ROLE_ARN is not set), aliyun CLI profile (no file /home/u/.aliyun/config.json), " ..
      "credentials file (no file /home/u/.alibabacloud/credentials), " .. REST, message)
    assert.same({ class = "denied", code = "NoCredentials", tried = {
      { "environment", "ALIBABA_CLOUD_ACCESS_KEY_ID is not set" },
      { "OIDC role", "ALIBABA_CLOUD_ROLE_ARN is not set" },
      { "aliyun CLI profile", "no file /home/u/.aliyun/config.json" },
      { "credentials file", "no file /home/u/.alibabacloud/credentials" },
      { "ECS metadata", "ALIBABA_CLOUD_ECS_METADATA_DISABLED is true" },
      { "credentials URI", "ALIBABA_CLOUD_CREDENTIALS_URI is not set" },
    } }, info)
    found, message = find(KEY, FILES, { profile = "nobody" })
    assert.is_nil(found)
    local unasked = "(not asked where a profile is named)"
    assert.equal(("no credentials: tried environment %s, OIDC role %s, " ..
      "aliyun CLI profile (no profile nobody in /home/u/.aliyun/config.json), " ..
      "credentials file (no profile nobody in /home/u/.alibabacloud/credentials), " ..
      "ECS metadata %s, credentials URI %s"):format(unasked, unasked, unasked, unasked), message)
  end)

  it("shows no secret in a failure", function()
    local broken = {
      [CONFIG] = '{"current": "a", "profiles": [{"name": "a", "mode": "RamRoleArn", "access_key_id": "i", ' ..
        '"access_key_secret": "' .. SECRET .. '"}]}',
      [INI] = "[default]\ntype = ram_role_arn\naccess_key_id = i\naccess_key_secret = " .. SECRET .. "\n",
    }
    local found, message = find({ ALIBABA_CLOUD_ACCESS_KEY_SECRET = SECRET }, broken)
    assert.is_nil(found)
    assert.equal("no credentials: tried environment (ALIBABA_CLOUD_ACCESS_KEY_ID is not set), " ..
      "OIDC role (ALIBABA_CLOUD_ROLE_ARN is not set), aliyun CLI profile (profile a has no ram_role_arn), " ..
      "credentials file (profile default has no role_arn), " .. REST, message)
  end)

  it("warns of what is there but passed over", function()
    local half = { ALIBABA_CLOUD_ACCESS_KEY_ID = "env-id" }
    local found = find(half, FILES)
    assert.equal("cli-id", found.access_key_id)
    assert.same({ "environment is passed over: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set" }, found.warnings)
    local line_end = { ALIBABA_CLOUD_ACCESS_KEY_ID = "env-id\n", ALIBABA_CLOUD_ACCESS_KEY_SECRET = SECRET }
    assert.same({ "environment is passed over: access_key_id: expected visible ASCII characters, " ..
      "found another byte (a space or a line end?)" }, find(line_end, FILES).warnings)
    assert.same({ "aliyun CLI profile is passed over: /home/u/.aliyun/config.json has no list of profiles" },
      find({}, { [CONFIG] = "{}", [INI] = FILES[INI] }).warnings)
    assert.same({}, find(KEY, FILES).warnings)
    assert.same({}, find({}, { [INI] = FILES[INI] }).warnings)
  end)

  it("warns of a file that others can read", function()
    assert.same({ CONFIG .. " can be read by others (rw-r--r--): chmod 600 it" },
      find({}, { [CONFIG] = { FILES[CONFIG], "rw-r--r--" } }).warnings)
    assert.same({ INI .. " can be read by others (rw-r-----): chmod 600 it" },
      find({}, { [INI] = { FILES[INI], "rw-r-----" } }).warnings)
  end)

  it("refuses an empty profile name", function()
    local found, message, info = find(KEY, FILES, { profile = "" })
    assert.is_nil(found)
    assert.equal("expected the name of a profile, found an empty one", message)
    assert.same({ class = "argument" }, info)
  end)

  it("needs no home", function()
    local found, message = credentials.find {
      getenv = function(name) return name == "ALIBABA_CLOUD_ECS_METADATA_DISABLED" and "true" or "" end, read = error,
    }
    assert.is_nil(found)
    assert.equal("no credentials: tried environment (ALIBABA_CLOUD_ACCESS_KEY_ID is not set), " ..
      "OIDC role (ALIBABA_CLOUD_ROLE_ARN is not set), aliyun CLI profile (HOME is not set), " ..
      "credentials file (HOME is not set), " .. REST, message)
  end)

  it("reads the machine's own environment and files unless told otherwise", function()
    local found, message, info = credentials.find { home = "/nonexistent", profile = "nobody" }
    assert.is_nil(found)
    assert.equal("string", type(message))
    assert.equal(6, #info.tried)
  end)
end)

describe("credentials.open", function()
  local function open(environment, files)
    return credentials.open {
      home = "/home/u", getenv = function(name) return environment[name] end,
      read = function(path)
        if not files[path] then return nil, "No such file or directory", 2 end
        return files[path], "rw-------"
      end,
    }
  end

  local ROLE = {
    ALIBABA_CLOUD_ROLE_ARN = "acs:ram::12345:role/pod", ALIBABA_CLOUD_OIDC_PROVIDER_ARN = "p",
    ALIBABA_CLOUD_OIDC_TOKEN_FILE = "/token", ALIBABA_CLOUD_STS_ENDPOINT = "http://127.0.0.1:1",
    ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true",
  }

  it("waits for nothing, and says what is known already", function()
    local session = assert(open(ROLE, { ["/token"] = "token" }))
    assert.is_nil(session.current)
    assert.equal("12345", session.facts.account)
    session:close()
  end)

  it("goes on with the next provider where one has no credentials, and tells of it", function()
    local session = assert(open(ROLE, { ["/token"] = "token", [INI] = FILES[INI] }))
    local found = assert(session:wait(require "certstat.host.plain"))
    assert.equal("ini-id", found.access_key_id)
    assert.same({ "OIDC role is passed over: STS: 127.0.0.1:1: can't connect: Connection refused" }, found.warnings)
    session:close()
  end)

  it("gives no session where there can be no credentials", function()
    local session, message, info = open({ ALIBABA_CLOUD_ECS_METADATA_DISABLED = "true" }, {})
    assert.is_nil(session)
    assert.truthy(message:find("^no credentials: tried environment"))
    assert.equal("NoCredentials", info.code)
  end)
end)
