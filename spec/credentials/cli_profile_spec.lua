local cli_profile = require "certstat.credentials.cli_profile"

local PATH = "/h/.aliyun/config.json"

-- find() with this text in the file; options: variables, profile, path
local function find(text, options)
  options = options or {}
  return cli_profile.find {
    home = "/h", profile = options.profile,
    getenv = function(name) return (options.variables or {})[name] end,
    read = function(path)
      if path ~= (options.path or PATH) then return nil, "No such file or directory", 2 end
      return text, "rw-------"
    end,
  }
end

local function profile(fields)
  return '{"current": "p", "profiles": [{"name": "p", ' .. fields .. "}]}"
end

local AK = '"access_key_id": "i", "access_key_secret": "s"'

describe("credentials.cli_profile", function()
  it("serves mode AK, without a token that another mode left behind", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", region = "cn-shanghai",
      provider = "aliyun CLI profile p", warnings = {} },
      find(profile('"mode": "AK", "sts_token": "old", "region_id": "cn-shanghai", ' .. AK)))
  end)

  it("serves mode StsToken", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", security_token = "t",
      provider = "aliyun CLI profile p", warnings = {} }, find(profile('"mode": "StsToken", "sts_token": "t", ' .. AK)))
  end)

  it("compares modes without case, as the command does", function()
    assert.equal("i", find(profile('"mode": "ak", ' .. AK)).access_key_id)
    assert.equal("t", find(profile('"mode": "STSTOKEN", "sts_token": "t", ' .. AK)).security_token)
  end)

  it("names the modes that it does not serve", function()
    for _, mode in ipairs { "RamRoleArn", "EcsRamRole", "OIDC", "ChainableRamRoleArn", "External", "CloudSSO", "OAuth",
      "CredentialsURI", "RsaKeyPair", "BearerToken" } do
      assert.same({ n = 3, nil, ("profile p has mode %s, which this version does not serve"):format(mode), true },
        { n = 3, find(profile('"mode": "' .. mode .. '", ' .. AK)) })
    end
    assert.equal("profile p has mode \\x1B[31m, which this version does not serve",
      select(2, find(profile('"mode": "\\u001b[31m"'))))
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
      { "[]", PATH .. " has no list of profiles" },
      { "1", PATH .. " has no list of profiles" },
      { '{"current": "p", "profiles": null}', PATH .. " has no list of profiles" },
      { '{"current": null, "profiles": [{"name": "p"}]}', PATH .. " names no current profile" },
      { '{"current": "", "profiles": []}', PATH .. " names no current profile" },
      { '{"current": "p", "profiles": [null, 1, {"name": 7}]}', "no profile p in " .. PATH },
      { profile('"mode": null'), "profile p names no mode" },
      { profile('"mode": "AK", "access_key_id": 7, "access_key_secret": "s"'), "profile p has no access_key_id" },
      { profile('"mode": "AK", "access_key_id": "i", "access_key_secret": ""'), "profile p has no access_key_secret" },
      { profile('"mode": "StsToken", ' .. AK), "profile p has no sts_token" },
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
    assert.equal("cas.ap-southeast-1.aliyuncs.com", endpoint("CAS.ap-southeast-1.aliyuncs.com").endpoint)
    for _, bad in ipairs { "cas.example.com", "aliyuncs.com", "evilaliyuncs.com", "cas.aliyuncs.com.example.com",
      "example.com/.aliyuncs.com", "example.com#.aliyuncs.com", "u@cas.aliyuncs.com", "http://cas.aliyuncs.com",
      "cas.aliyuncs.com:8080", ".aliyuncs.com" } do
      local found = endpoint(bad)
      assert.is_nil(found.endpoint)
      assert.same({ "aliyun CLI profile p: its endpoint is not used: expected a host that ends in .aliyuncs.com" },
        found.warnings)
    end
    assert.is_nil(endpoint("").endpoint)
    assert.same({}, endpoint("").warnings)
  end)
end)
