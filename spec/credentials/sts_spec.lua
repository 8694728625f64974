local certstat = require "certstat"
local source = require "spec.credentials.source"
local sts = require "certstat.credentials.sts"

local KEYS = { access_key_id = "i", access_key_secret = "canary-secret" }
local ARN = "acs:ram::1234567890:role/audit"

local function good(headers) return source.reply({ RequestId = "1", Credentials = source.keys() }, 200, headers) end

-- the URL that is asked with these variables, for a role with these fields
local function url(variables, role)
  role = role or {}
  role.arn = ARN
  local step, why = sts.assume(source.new { variables = variables }, KEYS, role)
  return step and step.request.url or why
end

describe("credentials.sts", function()
  it("asks for a role with a signature of the first scheme, all of it in the body", function()
    local step = source.step(sts.assume(source.new(), KEYS, { arn = ARN }))
    assert.same({ "POST", "https://sts.aliyuncs.com/" }, { step.request.method, step.request.url })
    assert.same({ { "accept", "application/json" }, { "content-type", "application/x-www-form-urlencoded" } },
      step.request.headers)
    local form = source.form(step)
    assert.same({ "AssumeRole", "2015-04-01", "JSON", ARN, "certstat", "3600", "i" }, { form.Action, form.Version,
      form.Format, form.RoleArn, form.RoleSessionName, form.DurationSeconds, form.AccessKeyId })
    local ok, why = certstat.verify { method = "POST", target = "/", body = step.request.body, secret = "canary-secret",
      headers = { ["content-type"] = "application/x-www-form-urlencoded" } }
    assert.is_true(ok, why)
    assert.falsy(step.request.body:find("canary", 1, true))
  end)

  it("passes on what a profile says of the role", function()
    local form = source.form(source.step(sts.assume(source.new(), {
      access_key_id = "i", access_key_secret = "s", security_token = "t",
    }, { arn = ARN, session_name = "me", duration = 900, policy = "{}", external_id = "x" })))
    assert.same({ "me", "900", "{}", "x", "t" }, { form.RoleSessionName, form.DurationSeconds, form.Policy,
      form.ExternalId, form.SecurityToken })
  end)

  it("gives the keys that come", function()
    local found = source.step(sts.assume(source.new(), KEYS, { arn = ARN })).continue(good())
    assert.same({ access_key_id = "STS.id", access_key_secret = "canary-secret", security_token = "token",
      expires_in = 3599 }, found)
  end)

  it("says why none come", function()
    local rows = {
      { nil, "sts.aliyuncs.com: can't connect", "STS: sts.aliyuncs.com: can't connect" },
      { source.reply({ Code = "NoPermission", Message = "No." }, 403), nil,
        "STS answered NoPermission (HTTP 403): No." },
      { { status = 404, headers = {}, body = "not found" }, nil, "STS answered HTTP 404" },
      { { status = 200, headers = {}, body = "<html>" }, nil,
        "STS: what it gave is no JSON: Expected value but found invalid token at character 1" },
      { source.reply { RequestId = "1" }, nil, "STS: what it gave has no Credentials" },
      { source.reply { Credentials = source.keys { SecurityToken = false } }, nil,
        "STS: what it gave has no SecurityToken" },
      { good { date = "Fri, 02 Jan 2026 04:04:05 GMT" }, nil, "STS: what it gave had expired at 2026-01-02T04:04:05Z" },
    }
    for _, row in ipairs(rows) do
      source.refused(row[3], true, sts.assume(source.new(), KEYS, { arn = ARN }).continue(row[1], row[2]))
    end
    source.refused("STS: access key secret: expected 1 to 1024 bytes, found more", true,
      sts.assume(source.new(), { access_key_id = "i", access_key_secret = ("s"):rep(1025) }, { arn = ARN }))
  end)

  it("finds STS by the region, in a VPC where that is said, or where it is named", function()
    assert.equal("https://sts.cn-shanghai.aliyuncs.com/", url { ALIBABA_CLOUD_STS_REGION = "cn-shanghai" })
    assert.equal("https://sts.eu-central-1.aliyuncs.com/",
      url({ ALIBABA_CLOUD_STS_REGION = "cn-shanghai" }, { region = "eu-central-1" }))
    assert.equal("https://sts-vpc.cn-shanghai.aliyuncs.com/", url { ALIBABA_CLOUD_STS_REGION = "cn-shanghai",
      ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED = "TRUE" })
    assert.equal("https://sts.aliyuncs.com/", url { ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED = "true" })
    assert.equal("https://sts.cn-beijing.aliyuncs.com/", url({}, { endpoint = "STS.cn-beijing.aliyuncs.com" }))
    assert.equal("http://127.0.0.1:1/", url({ ALIBABA_CLOUD_STS_ENDPOINT = "http://127.0.0.1:1" },
      { endpoint = "sts.cn-beijing.aliyuncs.com" }))
  end)

  it("goes nowhere else because a profile says so, nor in the open", function()
    assert.equal("sts_endpoint: expected a host that ends in .aliyuncs.com", url({}, { endpoint = "sts.example.com" }))
    assert.equal("endpoint: expected https://, found http:// to a host that is no loopback address (127.0.0.1, [::1])",
      url { ALIBABA_CLOUD_STS_ENDPOINT = "http://sts.aliyuncs.com" })
    assert.equal("endpoint: expected the name of a region, such as cn-hangzhou, found a/b",
      url({}, { region = "a/b" }))
  end)

  it("exchanges a token of OpenID Connect, unsigned, read at each time", function()
    local files = { ["/token"] = "canary-jwt\n" }
    local from, role = source.new { files = files }, { arn = ARN, provider_arn = "p", token_file = "/token" }
    local step = source.step(sts.assume_with_oidc(from, role))
    local form = source.form(step)
    assert.same({ "AssumeRoleWithOIDC", ARN, "p", "canary-jwt", "certstat", "3600" }, { form.Action, form.RoleArn,
      form.OIDCProviderArn, form.OIDCToken, form.RoleSessionName, form.DurationSeconds })
    assert.is_nil(form.Signature)
    assert.equal("STS.id", step.continue(good()).access_key_id)
    files["/token"] = "another"
    assert.equal("another", source.form(sts.assume_with_oidc(from, role)).OIDCToken)
  end)

  it("says what is wrong with the token", function()
    local rows = {
      { nil, "OIDC token file /token: No such file or directory" },
      { "abc\n", "OIDC token file /token: expected a token of 4 to 20000 characters, found 3" },
      { ("a"):rep(20001), "OIDC token file /token: expected a token of 4 to 20000 characters, found 20001" },
    }
    for _, row in ipairs(rows) do
      source.refused(row[2], true, sts.assume_with_oidc(source.new { files = { ["/token"] = row[1] } },
        { arn = ARN, provider_arn = "p", token_file = "/token" }))
    end
  end)

  it("knows the account of a role", function()
    assert.equal("1234567890", sts.account(ARN))
    assert.is_nil(sts.account("acs:ram::x:role/a"))
    assert.is_nil(sts.account(nil))
  end)
end)
