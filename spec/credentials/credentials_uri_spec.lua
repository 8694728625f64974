local credentials_uri = require "certstat.credentials.credentials_uri"
local source = require "spec.credentials.source"

local NAME = "ALIBABA_CLOUD_CREDENTIALS_URI"

local function find(uri, options)
  options = options or {}
  options.variables = { [NAME] = uri }
  return credentials_uri.find(source.new(options))
end

describe("credentials.credentials_uri", function()
  it("asks the URI", function()
    local step = source.step(find "http://127.0.0.1:8080/a/b?c=d")
    assert.same({ "GET", "http://127.0.0.1:8080/a/b?c=d" }, { step.request.method, step.request.url })
    local found = step.continue(source.reply(source.keys()))
    assert.same({ "STS.id", "token", 3599, "credentials URI" },
      { found.access_key_id, found.security_token, found.expires_in, found.provider })
    assert.equal("STS.id", step.continue(source.reply(source.keys { Code = "Success" })).access_key_id)
  end)

  it("takes a server on this machine by its name, and others by https alone", function()
    assert.equal("http://127.0.0.1/", find("http://localhost").request.url)
    assert.equal("http://127.0.0.1:1/x", find("http://localhost:1/x").request.url)
    assert.equal("http://[::1]:1/?x", find("http://[::1]:1?x").request.url)
    assert.equal("https://keys.example.com/x", find("https://keys.example.com/x").request.url)
    assert.equal("http://keys.example.com/x", find("http://keys.example.com/x", { allow_http = true }).request.url)
    source.refused("endpoint: expected https://, found http:// to a host that is no loopback address "
      .. "(127.0.0.1, [::1])", true, find "http://keys.example.com/x")
  end)

  it("refuses what is no URL, without repeating it", function()
    for _, bad in ipairs { "canary", "http://127.0.0.1/#canary", "/canary" } do
      source.refused("expected a URL, such as http://127.0.0.1:PORT/PATH", true, find(bad))
    end
    source.refused("endpoint: expected scheme, host and port alone, found a user name", true, find "http://u:canary@h/")
    source.refused("expected a path of visible ASCII characters", true, find "http://127.0.0.1/can ary")
    source.refused(NAME .. " is not set", nil, find(nil))
  end)

  it("says why no keys come", function()
    local rows = {
      { nil, "no reply", "no reply" },
      { source.reply({}, 404), nil, "it answered HTTP 404" },
      { { status = 200, headers = {}, body = "{" }, nil,
        "what it gave is no JSON: Expected object key string but found T_END at character 2" },
      { source.reply { Code = "Failed" }, nil, "what it gave says Failed" },
      { source.reply(source.keys { AccessKeyId = false }), nil, "what it gave has no AccessKeyId" },
      { source.reply(source.keys { Expiration = "2026-01-01" }), nil,
        "what it gave had expired at 2026-01-01T00:00:00Z" },
    }
    for _, row in ipairs(rows) do source.refused(row[3], true, find("http://127.0.0.1/").continue(row[1], row[2])) end
  end)
end)
