local fake = require "spec.command.fake"

local SECRET = "Canary+/=Secret%Value&0123456789"
local TOKEN = "CAISCanaryToken+/abc==" .. ("x"):rep(100)

-- vector D1 of the interface's published examples' kind: its signature was computed by two independent programs
local D1 = { "sign", "--host", "cas.aliyuncs.com", "--date", "2026-01-02T03:04:05Z",
  "--nonce", "0123456789abcdef0123456789abcdef",
  "--query", "SerialNumber=084bde9cd233f0ddae33adc438cfbbbd1234,b67e53ebcea9b77d65b0c3236646d7151234" }

local function with(argv, ...)
  local all = {}
  for i, argument in ipairs(argv) do
    all[i] = argument
  end
  for _, argument in ipairs { ... } do
    all[#all + 1] = argument
  end
  return all
end

local TEST_KEY = { access_key_id = "testid", access_key_secret = "testsecret", provider = "environment" }

local function percent_encoded(text)
  return (text:gsub("[^%w%-_.~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function base64(text)
  local path = os.tmpname()
  local file = io.open(path, "wb")
  file:write(text)
  file:close()
  local pipe = io.popen("openssl base64 -A -in " .. path)
  local encoded = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return encoded
end

describe("certstat sign", function()
  it("explains ACS3-HMAC-SHA256 stage by stage", function()
    local code, out, err = fake.run(D1, { credentials = TEST_KEY })
    assert.equal([[
algorithm   ACS3-HMAC-SHA256
access key  te..., from environment

canonical request
  POST
  /
  SerialNumber=084bde9cd233f0ddae33adc438cfbbbd1234%2Cb67e53ebcea9b77d65b0c3236646d7151234
  host:cas.aliyuncs.com
  x-acs-action:DescribeClientCertificateStatusForSerialNumber
  x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  x-acs-date:2026-01-02T03:04:05Z
  x-acs-signature-nonce:0123456789abcdef0123456789abcdef
  x-acs-version:2020-06-30

  host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

string to sign
  ACS3-HMAC-SHA256
  cf1c4e0c69746859a48511330e60ffe731e72f7bd80c520f38f62e766eee461a

signature
  7523be0b0fcd5585cc61cbef21eeaff0c30a42f61a7b64c36d7d2b806ad724a6

to send
  POST /?SerialNumber=084bde9cd233f0ddae33adc438cfbbbd1234%2Cb67e53ebcea9b77d65b0c3236646d7151234
  authorization: ACS3-HMAC-SHA256 Credential=te...,]]
      .. "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
      .. [[
Signature=7523be0b0fcd5585cc61cbef21eeaff0c30a42f61a7b64c36d7d2b806ad724a6
  host: cas.aliyuncs.com
  x-acs-action: DescribeClientCertificateStatusForSerialNumber
  x-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  x-acs-date: 2026-01-02T03:04:05Z
  x-acs-signature-nonce: 0123456789abcdef0123456789abcdef
  x-acs-version: 2020-06-30
]], out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("explains HMAC-SHA1", function()
    local code, out = fake.run(with(D1, "--algorithm", "HMAC-SHA1", "--query", "Format=JSON"),
      { credentials = TEST_KEY })
    assert.is_truthy(out:find("\nsignature\n  OguIGgti9J88915viqTSrUunpLI=\n", 1, true), out)
    assert.is_truthy(out:find("\nstring to sign\n  GET&%2F&AccessKeyId%3Dte...%26Action%3D", 1, true), out)
    assert.is_nil(out:find("testid", 1, true))
    assert.equal(0, code)
    code, out = fake.run(with(D1, "--algorithm", "HMAC-SHA1", "--query", "Format=JSON", "--method", "POST"),
      { credentials = TEST_KEY })
    assert.equal(0, code)
    assert.is_truthy(out:find("\nsignature\n  mTjmm1DyR5EhHUBe9E4AaGIhlVg=\n", 1, true), out)
  end)

  for _, algorithm in ipairs { "ACS3-HMAC-SHA256", "HMAC-SHA1" } do
    it("shows neither secret nor token, in no form, with " .. algorithm, function()
      local code, out, err = fake.run(with(D1, "--algorithm", algorithm), { credentials = {
        access_key_id = "LTAI5tCanaryIdentity", access_key_secret = SECRET, security_token = TOKEN,
        provider = "profile",
      } })
      assert.equal("", err)
      assert.equal(0, code)
      assert.is_truthy(out:find("access key  LTAI...tity, from profile", 1, true))
      assert.is_truthy(out:find("security token of 122 characters", 1, true))
      for _, canary in ipairs { SECRET, TOKEN, "LTAI5tCanaryIdentity" } do
        for _, form in ipairs { canary, canary:sub(1, 8), base64(canary), percent_encoded(canary),
          percent_encoded(percent_encoded(canary)) } do
          assert.is_nil(out:find(form, 1, true), form)
        end
      end
    end)
  end

  it("takes the host from the endpoint", function()
    local _, out = fake.run({ "sign", "--endpoint", "http://127.0.0.1:8080" }, { credentials = TEST_KEY })
    assert.is_truthy(out:find("\n  host:127.0.0.1:8080\n", 1, true))
  end)

  it("takes it from the region and the network, as the client does: option, environment, profile", function()
    local function host(argv, env, facts)
      local credentials = { access_key_id = "testid", access_key_secret = "testsecret", provider = "profile" }
      for name, value in pairs(facts) do
        credentials[name] = value
      end
      local _, out = fake.run(argv, { env = env, credentials = credentials })
      return out:match("\n  host:(%S+)\n")
    end
    local env, facts = { ALIBABA_CLOUD_REGION_ID = "eu-central-1" }, { region = "me-east-1", network = "vpc" }
    assert.equal("cas.ap-south-1.aliyuncs.com",
      host({ "sign", "--region", "ap-south-1", "--network", "public" }, env, facts))
    assert.equal("cas-vpc.eu-central-1.aliyuncs.com", host({ "sign" }, env, facts))
    assert.equal("cas-vpc.me-east-1.aliyuncs.com", host({ "sign" }, {}, facts))
  end)

  local unusable = {
    { { "sign", "--endpoint", "nowhere" }, "endpoint: expected a URL, https://HOST or https://HOST:PORT" },
    { with(D1, "--query", "SerialNumber=1"), "--query: 'SerialNumber' is given twice" },
    { { "sign", "--query", "novalue" }, "--query: expected NAME=VALUE, found 'novalue' (see certstat sign --help)" },
    { { "sign", "--date", "today" }, "--date: expected a time such as 2026-01-02T03:04:05Z, found 'today'"
      .. " (see certstat sign --help)" },
    { { "sign", "--algorithm", "HMAC-SHA1", "--against", "x" }, "option '--against' can not be used together with"
      .. " option '--algorithm' (see certstat sign --help)" },
    { { "sign", "--algorithm", "MD5" }, "argument for option '--algorithm' must be one of 'ACS3-HMAC-SHA256',"
      .. " 'HMAC-SHA1' (see certstat sign --help)" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local code, out, err = fake.run(case[1], { credentials = TEST_KEY })
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  for _, option in ipairs { "--action", "--api-version", "--method", "--host", "--nonce" } do
    it("lets nothing end the header that " .. option .. " is part of", function()
      local code, out, err = fake.run(with(D1, option, "A\r\nB: c"), { credentials = TEST_KEY })
      assert.equal(("certstat: %s: expected letters, digits, - _ . : and ~, found 'A\\x0D\\x0AB: c'"
        .. " (see certstat sign --help)\n"):format(option), err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  it("exits with 5 where there are no credentials", function()
    local code, out, err = fake.run(D1, { refused = { "no credentials found", { class = "denied" } } })
    assert.equal("certstat: no credentials found\n", err)
    assert.equal("", out)
    assert.equal(5, code)
  end)
end)
