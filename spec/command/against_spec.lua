local fake = require "spec.command.fake"

local KEY = { access_key_id = "LTAI5tExampleOfAnId", access_key_secret = "Canary-Secret", provider = "environment" }
local HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

-- Of a request with this host and this field value, as the server shows it.
local function message(host, nonce)
  return ([[Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256
%s] server CanonicalRequest is [POST
/
ShowSize=1
host:%s
x-acs-action:ListCert
x-acs-content-sha256:%s
x-acs-date:2026-01-02T03:04:05Z
x-acs-signature-nonce:%s
x-acs-version:2020-06-30

host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
%s]\]]):format(HASH, host, HASH, nonce, HASH)
end

local function run(text, world, ...)
  world.credentials = KEY
  return fake.run({ "sign", "--host", "cas.aliyuncs.com", "--against", text, ... }, world)
end

describe("certstat sign --against", function()
  it("says that both sign the same, and what that means", function()
    local code, out, err = run(message("cas.aliyuncs.com", "1"), {})
    assert.equal([[
algorithm   ACS3-HMAC-SHA256
access key  LTAI...AnId, from environment

no difference

reason
  both sign the same text: the request was signed with another secret than the key has, ]]
      .. "or over another text than it brought\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("shows the first line that differs, and why", function()
    local code, out = run(message("proxy.example:80", "1"), {})
    assert.equal([[
algorithm   ACS3-HMAC-SHA256
access key  LTAI...AnId, from environment

first difference, in line 4 of the canonical request
  server  host:proxy.example:80
  here    host:cas.aliyuncs.com

reason
  another Host has arrived: the request went elsewhere (--endpoint, --region), or something on the way changes it
]], out)
    assert.equal(0, code)
  end)

  it("compares with what the options say", function()
    local text = message("cas.aliyuncs.com", "1")
    for option, line in pairs { ["--action=ListTags"] = 5, ["--query=ShowSize=2"] = 3, ["--method=GET"] = 1,
      ["--date=2026-01-02T03:04:06Z"] = 7, ["--nonce=2"] = 8, ["--api-version=1"] = 9 } do
      local name, value = option:match("^(%-%-[%l-]+)=(.*)$")
      local _, out = run(text, {}, name, value)
      assert.is_truthy(out:find(("first difference, in line %d of the canonical request\n"):format(line), 1, true), out)
    end
  end)

  it("reads the message from the standard input", function()
    local code, out = run("-", { stdin = message("cas.aliyuncs.com", "1") })
    assert.is_truthy(out:find("\nno difference\n", 1, true), out)
    assert.equal(0, code)
  end)

  it("shows outside text without what moves a cursor, and of HMAC-SHA1 no line", function()
    local code, out = run("string to sign is:GET&%2F&Action%3D%251B%255B2J", {}, "--action", "A")
    assert.equal(0, code)
    assert.is_truthy(out:find("\nfirst difference\n  server  Action=%1B%5B2J\n  here    AccessKeyId=LTAI...AnId\n", 1,
      true), out)
    out = select(2, run(message("evil\27[2J", "1"), {}))
    assert.is_truthy(out:find("\n  server  host:evil\\x1B[2J\n", 1, true), out)
  end)

  it("says what can't be compared", function()
    local code, out, err = run("-", {})
    assert.equal("certstat: --against: expected a whole message of SignatureDoesNotMatch, with the server's string to "
      .. "sign, found none\n", err)
    assert.equal("", out)
    assert.equal(4, code)
  end)
end)
