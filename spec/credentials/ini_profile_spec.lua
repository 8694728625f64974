local ini_profile = require "certstat.credentials.ini_profile"
local source = require "spec.credentials.source"

local PATH = "/h/.alibabacloud/credentials"

-- find() with these files; options: variables, profile
local function find(files, options)
  options = options or {}
  return ini_profile.find(source.new { files = files, profile = options.profile, variables = options.variables })
end

local function section(name, id)
  return ("[%s]\ntype = access_key\naccess_key_id = %s\naccess_key_secret = s\n"):format(name, id)
end

describe("credentials.ini_profile", function()
  it("serves type access_key", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", provider = "credentials file profile default",
      facts = {}, warnings = {} }, find { [PATH] = section("default", "i") })
  end)

  it("reads the file as people write it", function()
    local texts = {
      "\239\187\191[default]\r\ntype=access_key\r\naccess_key_id=i\r\naccess_key_secret=s\r\n",
      "# keys\n; more\n\n  [ default ]\n  type  =  access_key  ; kind\n\taccess_key_id\t= i # mine\n" ..
        "  access_key_secret = s",
      "[other]\naccess_key_id = x\n[default]\nenable = true\ntype = \"access_key\"\naccess_key_id = 'i'\n" ..
        'access_key_secret = "s"\n',
      "access_key_id = x\n[default]\ntype = access_key\naccess_key_id = i\n;access_key_id = y\n" ..
        "access_key_secret = s\n[z]\naccess_key_secret = x\n",
    }
    for _, text in ipairs(texts) do
      local found = find { [PATH] = text }
      assert.equal("i", found.access_key_id)
      assert.equal("s", found.access_key_secret)
    end
  end)

  it("takes values as they are otherwise", function()
    local found = find { [PATH] = "[default]\ntype=access_key\naccess_key_id=a=b#c;d\naccess_key_secret=\"s\n" }
    assert.equal("a=b#c;d", found.access_key_id)
    assert.equal('"s', found.access_key_secret)
  end)

  it("chooses the profile: named, by the environment, else default", function()
    local files = { [PATH] = section("default", "id") .. section("b", "ib") .. section("c", "ic") }
    local variables = { ALIBABA_CLOUD_PROFILE = "b" }
    assert.equal("id", find(files).access_key_id)
    assert.equal("ib", find(files, { variables = variables }).access_key_id)
    assert.equal("ic", find(files, { variables = variables, profile = "c" }).access_key_id)
  end)

  it("looks for both names, and for the one that the environment gives", function()
    local files = { [PATH .. ".ini"] = section("default", "python"), ["/x"] = section("default", "x") }
    assert.equal("python", find(files).access_key_id)
    assert.equal("x", find(files, { variables = { ALIBABA_CLOUD_CREDENTIALS_FILE = "/x" } }).access_key_id)
    files[PATH] = section("default", "go")
    assert.equal("go", find(files).access_key_id)
    assert.same({ n = 3, nil, "no file " .. PATH }, { n = 3, find {} })
    assert.same({ n = 3, nil, "/y: No such file or directory", true },
      { n = 3, find(files, { variables = { ALIBABA_CLOUD_CREDENTIALS_FILE = "/y" } }) })
  end)

  it("names the types that it does not serve", function()
    source.refused("profile default has type rsa_key_pair, which certstat does not serve", true,
      find { [PATH] = "[default]\ntype = rsa_key_pair\n" })
  end)

  it("serves type ecs_ram_role, with or without the role's name", function()
    local step = source.step(find { [PATH] = "[default]\ntype = ecs_ram_role\nrole_name = r\n" })
    step = step.continue { status = 404, headers = {}, body = "" }
    assert.truthy(step.request.url:find("/security%-credentials/r$"))
    step = find { [PATH] = "[default]\ntype = ecs_ram_role\nrole_name =\n" }
    assert.truthy(step.continue({ status = 404, headers = {}, body = "" }).request.url:find("/security%-credentials/$"))
  end)

  it("serves type ram_role_arn, and knows the account of the role", function()
    local step = source.step(find { [PATH] = "[default]\ntype = ram_role_arn\naccess_key_id = i\n"
      .. "access_key_secret = s\nrole_arn = acs:ram::12345:role/r\nrole_session_name = me\npolicy = {}\n" })
    assert.same({ account = "12345" }, step.facts)
    local form = source.form(step)
    assert.same({ "AssumeRole", "acs:ram::12345:role/r", "me", "{}", "i" }, { form.Action, form.RoleArn,
      form.RoleSessionName, form.Policy, form.AccessKeyId })
    local found = step.continue(source.reply { Credentials = source.keys() })
    assert.same({ access_key_id = "STS.id", access_key_secret = "canary-secret", security_token = "token",
      expires_in = 3599, facts = step.facts, provider = "credentials file profile default", warnings = {} }, found)
    source.refused("profile default: STS: no reply", true, step.continue(nil, "no reply"))
  end)

  it("serves type oidc_role_arn", function()
    local step = source.step(find { ["/t"] = "token", [PATH] = "[default]\ntype = oidc_role_arn\n"
      .. "role_arn = acs:ram::12345:role/r\noidc_provider_arn = o\noidc_token_file_path = /t\n" })
    local form = source.form(step)
    assert.same({ "AssumeRoleWithOIDC", "o", "token", "certstat" }, { form.Action, form.OIDCProviderArn,
      form.OIDCToken, form.RoleSessionName })
  end)

  it("says what is wrong with the file", function()
    local rows = {
      { "", "no profile default in " .. PATH },
      { "[default]\n", "profile default names no type" },
      { "[default]\ntype = access_key\naccess_key_secret = canary\n", "profile default has no access_key_id" },
      { "[default]\ntype = access_key\naccess_key_id = i\naccess_key_secret =\n",
        "profile default has no access_key_secret" },
      { "[default]\ntype = ram_role_arn\naccess_key_id = i\naccess_key_secret = s\n",
        "profile default has no role_arn" },
      { "[default]\ntype = oidc_role_arn\nrole_arn = r\n", "profile default has no oidc_provider_arn" },
    }
    for _, row in ipairs(rows) do
      assert.same({ n = 3, nil, row[2], true }, { n = 3, find { [PATH] = row[1] } })
    end
    assert.same({ n = 3, nil, "no profile q in " .. PATH, false }, { n = 3, find({ [PATH] = "" }, { profile = "q" }) })
  end)
end)
