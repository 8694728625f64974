local cli_profile = require "certstat.credentials.cli_profile"
local source = require "spec.credentials.source"

local PATH = "/h/.aliyun/config.json"

-- find() with this text in the file; options: variables, profile, path, files
local function find(text, options)
  options = options or {}
  local files = { [options.path or PATH] = text }
  for path, content in pairs(options.files or {}) do files[path] = content end
  return cli_profile.find(source.new { files = files, profile = options.profile, variables = options.variables })
end

local function profile(fields)
  return '{"current": "p", "profiles": [{"name": "p", ' .. fields .. "}]}"
end

local AK = '"access_key_id": "i", "access_key_secret": "s"'

describe("credentials.cli_profile", function()
  it("serves mode AK, without a token that another mode left behind", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", facts = { region = "cn-shanghai" },
      provider = "aliyun CLI profile p", warnings = {} },
      find(profile('"mode": "AK", "sts_token": "old", "region_id": "cn-shanghai", ' .. AK)))
  end)

  it("serves mode StsToken", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", security_token = "t", facts = {},
      provider = "aliyun CLI profile p", warnings = {} }, find(profile('"mode": "StsToken", "sts_token": "t", ' .. AK)))
  end)

  it("compares modes without case, as the command does", function()
    assert.equal("i", find(profile('"mode": "ak", ' .. AK)).access_key_id)
    assert.equal("t", find(profile('"mode": "STSTOKEN", "sts_token": "t", ' .. AK)).security_token)
  end)

  it("names the modes that it does not serve", function()
    for _, mode in ipairs { "CloudSSO", "OAuth", "RsaKeyPair", "BearerToken", "Anonymous" } do
      source.refused(("profile p has mode %s, which certstat does not serve"):format(mode), true,
        find(profile('"mode": "' .. mode .. '", ' .. AK)))
    end
    assert.equal("profile p has mode \\x1B[31m, which certstat does not serve",
      select(2, find(profile('"mode": "\\u001b[31m"'))))
  end)

  it("serves mode RamRoleArn, and knows the account of the role", function()
    local step = source.step(find(profile('"mode": "RamRoleArn", "ram_role_arn": "acs:ram::12345:role/r", '
      .. '"ram_session_name": "me", "expired_seconds": 900, "external_id": "x", "sts_region": "cn-beijing", '
      .. '"region_id": "cn-shanghai", "endpoint": "cas.aliyuncs.com", ' .. AK)))
    assert.same({ region = "cn-shanghai", endpoint = "cas.aliyuncs.com", account = "12345" }, step.facts)
    assert.equal("https://sts.cn-beijing.aliyuncs.com/", step.request.url)
    local form = source.form(step)
    assert.same({ "AssumeRole", "acs:ram::12345:role/r", "me", "900", "x", "i" }, { form.Action, form.RoleArn,
      form.RoleSessionName, form.DurationSeconds, form.ExternalId, form.AccessKeyId })
    assert.is_nil(form.SecurityToken)
    local found = step.continue(source.reply { Credentials = source.keys() })
    assert.same({ access_key_id = "STS.id", access_key_secret = "canary-secret", security_token = "token",
      expires_in = 3599, facts = step.facts, provider = "aliyun CLI profile p", warnings = {} }, found)
    source.refused("profile p: STS: no reply", true, step.continue(nil, "no reply"))
    form = source.form(find(profile('"mode": "RamRoleArn", "ram_role_arn": "r", "expired_seconds": 0, '
      .. '"sts_token": "t", ' .. AK)))
    assert.same({ "t", "3600", "certstat" }, { form.SecurityToken, form.DurationSeconds, form.RoleSessionName })
  end)

  it("serves mode EcsRamRole, with or without the role's name", function()
    local step = source.step(find(profile '"mode": "EcsRamRole", "ram_role_name": "r"'))
    assert.equal("PUT", step.request.method)
    step = step.continue { status = 404, headers = {}, body = "" }
    assert.truthy(step.request.url:find("/security%-credentials/r$"))
    source.refused("profile p: no reply", true, step.continue(nil, "no reply"))
    step = find(profile '"mode": "EcsRamRole"').continue { status = 404, headers = {}, body = "" }
    assert.truthy(step.request.url:find("/security%-credentials/$"))
  end)

  it("serves mode OIDC", function()
    local step = source.step(find(profile('"mode": "OIDC", "oidc_provider_arn": "o", "oidc_token_file": "/t", '
      .. '"ram_role_arn": "acs:ram::12345:role/r", "ram_session_name": "me"'), { files = { ["/t"] = "token" } }))
    local form = source.form(step)
    assert.same({ "AssumeRoleWithOIDC", "o", "token", "me" }, { form.Action, form.OIDCProviderArn, form.OIDCToken,
      form.RoleSessionName })
    source.refused("profile p: OIDC token file /t: No such file or directory", true, find(profile(
      '"mode": "OIDC", "oidc_provider_arn": "o", "oidc_token_file": "/t", "ram_role_arn": "r"')))
  end)

  local function chain(...)
    local profiles = {}
    for i, one in ipairs { ... } do
      profiles[i] = ('{"name": "%s", "mode": "ChainableRamRoleArn", "ram_role_arn": "%s", "source_profile": "%s"}')
        :format(one[1], one[1]:upper(), one[2])
    end
    profiles[#profiles + 1] = '{"name": "ak", "mode": "AK", ' .. AK .. "}"
    return ('{"current": "a", "profiles": [%s]}'):format(table.concat(profiles, ","))
  end

  it("serves mode ChainableRamRoleArn, role by role", function()
    local step = source.step(find(chain({ "a", "b" }, { "b", "ak" })))
    local form = source.form(step)
    assert.same({ "B", "i" }, { form.RoleArn, form.AccessKeyId })
    step = source.step(step.continue(source.reply { Credentials = source.keys { AccessKeyId = "STS.b" } }))
    form = source.form(step)
    assert.same({ "A", "STS.b", "token" }, { form.RoleArn, form.AccessKeyId, form.SecurityToken })
    local found = step.continue(source.reply { Credentials = source.keys { AccessKeyId = "STS.a" } })
    assert.same({ "STS.a", "aliyun CLI profile a" }, { found.access_key_id, found.provider })
  end)

  it("goes round no loop", function()
    source.refused("profile a: leads back to itself: a, b, a", true, find(chain({ "a", "b" }, { "b", "a" })))
    source.refused("profile a: leads back to itself: a, a", true, find(chain({ "a", "a" })))
    source.refused("profile a: leads back to itself: a, b, c, b", true,
      find(chain({ "a", "b" }, { "b", "c" }, { "c", "b" })))
    source.refused("profile a: no profile z", true, find(chain({ "a", "z" })))
  end)

  it("serves mode External", function()
    local step = source.step(find(profile '"mode": "External", "process_command": "/bin/tool a"',
      { files = { ["/bin/tool"] = "" } }))
    assert.same({ "/bin/tool", "a" }, step.command.argv)
    local found = step.continue { body = '{"mode":"AK","access_key_id":"x","access_key_secret":"s"}' }
    assert.same({ "x", "aliyun CLI profile p" }, { found.access_key_id, found.provider })
    source.refused("profile p: its process_command took too long", true, step.continue(nil, "took too long"))
  end)

  it("serves mode CredentialsURI", function()
    local step = source.step(find(profile '"mode": "CredentialsURI", "credentials_uri": "http://127.0.0.1:1/x"'))
    assert.equal("http://127.0.0.1:1/x", step.request.url)
    assert.equal("STS.id", step.continue(source.reply(source.keys())).access_key_id)
    source.refused("profile p: it answered HTTP 404", true, step.continue(source.reply({}, 404)))
  end)

  it("starts no program and asks no URI where that is forbidden", function()
    for _, value in ipairs { "1", "true", "TRUE" } do
      local options = { variables = { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS = value } }
      local why = "profile p: ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS is set"
      source.refused(why, true, find(profile '"mode": "External", "process_command": "/bin/tool"', options))
      source.refused(why, true,
        find(profile '"mode": "CredentialsURI", "credentials_uri": "http://127.0.0.1/"', options))
    end
  end)

  it("chooses the profile: named, by the environment, else the current one", function()
    local text = '{"current": "a", "profiles": [' ..
      '{"name": "a", "mode": "AK", "access_key_id": "ia", "access_key_secret": "s"},' ..
      '{"name": "b", "mode": "AK", "access_key_id": "ib", "access_key_secret": "s"},' ..
      '{"name": "c", "mode": "AK", "access_key_id": "ic", "access_key_secret": "s"}]}'
    local variables = { ALIBABA_CLOUD_PROFILE = "b" }
    assert.equal("ia", find(text).access_key_id)
    assert.equal("ib", find(text, { variables = variables }).access_key_id)
    assert.equal("ic", find(text, { variables = variables, profile = "c" }).access_key_id)
  end)

  it("says what is wrong with the file", function()
    local rows = {
      { "", PATH .. " is no JSON: Expected value but found T_END at character 1" },
      { '{"access_key_secret": "canary', PATH .. " is no JSON: Expected value but found unexpected end of string " ..
        "at character 30" },
      { "[1]", PATH .. " is no JSON object" },
      { "[]", PATH .. " has no list of profiles" },
      { "1", PATH .. " is no JSON object" },
      { '{"current": "p", "profiles": null}', PATH .. " has no list of profiles" },
      { '{"current": null, "profiles": [{"name": "p"}]}', PATH .. " names no current profile" },
      { '{"current": "", "profiles": []}', PATH .. " names no current profile" },
      { '{"current": "p", "profiles": [null, 1, {"name": 7}]}', "no profile p in " .. PATH },
      { profile('"mode": null'), "profile p names no mode" },
      { profile('"mode": "AK", "access_key_id": 7, "access_key_secret": "s"'), "profile p has no access_key_id" },
      { profile('"mode": "AK", "access_key_id": "i", "access_key_secret": ""'), "profile p has no access_key_secret" },
      { profile('"mode": "StsToken", ' .. AK), "profile p has no sts_token" },
      { profile('"mode": "RamRoleArn", ' .. AK), "profile p has no ram_role_arn" },
      { profile('"mode": "OIDC"'), "profile p has no oidc_provider_arn" },
      { profile('"mode": "ChainableRamRoleArn"'), "profile p has no source_profile" },
      { profile('"mode": "External"'), "profile p has no process_command" },
      { profile('"mode": "CredentialsURI"'), "profile p has no credentials_uri" },
    }
    for _, row in ipairs(rows) do
      assert.same({ n = 3, nil, row[2], true }, { n = 3, find(row[1]) })
    end
  end)

  it("is not there where another file may have the profile that was named", function()
    assert.same({ n = 3, nil, "no profile q in " .. PATH, false }, { n = 3, find(profile(AK), { profile = "q" }) })
  end)

  it("can be switched off and pointed elsewhere", function()
    local text = profile('"mode": "AK", ' .. AK)
    assert.same({ n = 2, nil, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true" },
      { n = 2, find(text, { variables = { ALIBABA_CLOUD_CLI_PROFILE_DISABLED = "True" } }) })
    assert.equal("i", find(text, { variables = { ALIBABA_CLOUD_CLI_PROFILE_DISABLED = "false" } }).access_key_id)
    assert.equal("i", find(text, { path = "/c", variables = { ALIBABA_CLOUD_CONFIG_FILE = "/c" } }).access_key_id)
    assert.same({ n = 3, nil, "/d.json: No such file or directory", true },
      { n = 3, find(text, { variables = { ALIBABA_CLOUD_CONFIG_FILE = "/d.json" } }) })
  end)

  it("carries an endpoint of the service alone", function()
    local function endpoint(text) return find(profile('"mode": "AK", "endpoint": "' .. text .. '", ' .. AK)) end
    assert.equal("cas.ap-southeast-1.aliyuncs.com", endpoint("CAS.ap-southeast-1.aliyuncs.com").facts.endpoint)
    for _, bad in ipairs { "cas.example.com", "aliyuncs.com", "evilaliyuncs.com", "cas.aliyuncs.com.example.com",
      "example.com/.aliyuncs.com", "example.com#.aliyuncs.com", "u@cas.aliyuncs.com", "http://cas.aliyuncs.com",
      "cas.aliyuncs.com:8080", ".aliyuncs.com" } do
      local found = endpoint(bad)
      assert.is_nil(found.facts.endpoint)
      assert.same({ "aliyun CLI profile p: its endpoint is not used: expected a host that ends in .aliyuncs.com" },
        found.warnings)
    end
    assert.is_nil(endpoint("").facts.endpoint)
    assert.same({}, endpoint("").warnings)
  end)

  it("says which names are used: those of a VPC, of the service and of STS", function()
    local function found(fields) return find(profile('"mode": "AK", ' .. fields .. ", " .. AK)) end
    assert.equal("vpc", found('"endpoint_type": "vpc"').facts.network)
    assert.equal("public", found('"endpoint_type": "public"').facts.network)
    assert.is_nil(found('"endpoint_type": ""').facts.network)
    local internal = found '"endpoint_type": "internal"'
    assert.is_nil(internal.facts.network)
    assert.same({ "aliyun CLI profile p: its endpoint_type is not used: expected public or vpc" }, internal.warnings)
    for _, mode in ipairs { '"mode": "RamRoleArn", "ram_role_arn": "r"', '"mode": "OIDC", "ram_role_arn": "r", ' ..
      '"oidc_provider_arn": "o", "oidc_token_file": "/token"' } do
      local step = source.step(find(profile(mode .. ', "sts_region": "cn-beijing", "enable_vpc": true, ' .. AK),
        { files = { ["/token"] = "e30.e30.c2ln" } }))
      assert.equal("https://sts-vpc.cn-beijing.aliyuncs.com/", step.request.url)
    end
  end)
end)
