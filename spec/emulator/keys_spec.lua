local keys = require "certstat.emulator.keys"

describe("keys.one", function()
  it("reads ID:SECRET, the secret with colons of its own", function()
    assert.same({ id = "demo", secret = "throw:away", account = "default" }, keys.one("demo:throw:away", true))
    assert.same({ id = "LTAI5t", secret = "x", account = "default" }, keys.one("LTAI5t:x"))
  end)

  for text, message in pairs {
    ["demo"] = "access key: expected ID:SECRET",
    [":x"] = "access key: expected an id of letters, digits, dot, dash and underscore",
    ["a b:x"] = "access key: expected an id of letters, digits, dot, dash and underscore",
    [("a"):rep(129) .. ":x"] = "access key: expected an id of letters, digits, dot, dash and underscore",
    ["demo:"] = "access key demo: expected a secret of printable ASCII without spaces",
    ["demo:a b"] = "access key demo: expected a secret of printable ASCII without spaces",
    ["demo:" .. ("x"):rep(257)] = "access key demo: expected a secret of printable ASCII without spaces",
    ["LTAI5t:canary"] = "access key LTAI5t: it may be a real one, which no command line should hold",
    ["STS.x:canary"] = "access key STS.x: it may be a real one, which no command line should hold",
  } do
    it(("refuses '%s'"):format(text:sub(1, 30)), function()
      local key, found = keys.one(text, true)
      assert.is_nil(key)
      assert.equal(message, found)
    end)
  end
end)

describe("keys.several", function()
  it("reads one a line", function()
    assert.same({
      { id = "a", secret = "1", account = "default" }, { id = "b", secret = "2", account = "default" },
    }, keys.several("a:1\r\n\nb:2\n"))
  end)

  it("refuses none, and a bad one", function()
    local found, message = keys.several("\n")
    assert.is_nil(found)
    assert.equal("access key: expected ID:SECRET, found nothing", message)
    found, message = keys.several("a:1\nb\n")
    assert.is_nil(found)
    assert.equal("access key: expected ID:SECRET", message)
  end)
end)

describe("keys.several of JSON", function()
  it("reads accounts, tokens and permissions", function()
    assert.same({
      { id = "a", secret = "1", account = "default" },
      { id = "b", secret = "2", account = "1234567890123456", inactive = true },
      { id = "STS.c", secret = "3", account = "default", token = "t", expires_at = 1767323045 },
      { id = "d", secret = "4", account = "default", allow = { "List*" }, deny = {} },
    }, keys.several [[ [
      {"id": "a", "secret": "1"},
      {"id": "b", "secret": "2", "account": "1234567890123456", "inactive": true},
      {"id": "STS.c", "secret": "3", "token": "t", "expires": "2026-01-02T03:04:05Z"},
      {"id": "d", "secret": "4", "allow": ["List*"], "deny": []}
    ] ]])
  end)

  for text, message in pairs {
    ["["] = "access key: expected a JSON array of keys",
    ["[]"] = "access key: expected a JSON array of keys",
    ["[1]"] = "access key: expected an object, found a number",
    ["[{}]"] = "access key: expected an id of letters, digits, dot, dash and underscore",
    ['[{"id":"a"}]'] = "access key a: expected a secret of printable ASCII without spaces",
    ['[{"id":"a","secret":"canary","role":"x"}]'] = "access key a: unknown field role",
    ['[{"id":"a","secret":"canary","inactive":1}]'] = "access key a: inactive: expected true or false",
    ['[{"id":"a","secret":"canary","token":""}]'] = "access key a: token: expected printable ASCII without spaces",
    ['[{"id":"a","secret":"canary","expires":"soon"}]'] =
      "access key a: expires: expected a date like 2026-01-02T03:04:05Z",
    ['[{"id":"a","secret":"canary","expires":"2026-01-02T03:04:05Z"}]'] =
      "access key a: expires: expected a token beside it",
    ['[{"id":"a","secret":"canary","allow":"ListCert"}]'] =
      "access key a: allow: expected a list of actions, * for any letters",
    ['[{"id":"a","secret":"canary","deny":["List."]}]'] =
      "access key a: deny: expected a list of actions, * for any letters",
    ['[{"id":"a","secret":"canary","allow":{"x":"ListCert"}}]'] =
      "access key a: allow: expected a list of actions, * for any letters",
    ['[{"id":"a","secret":"1"},{"id":"a","secret":"2"}]'] = "access key a: found twice",
  } do
    it("refuses " .. text, function()
      local found, why = keys.several(text)
      assert.is_nil(found)
      assert.equal(message, why)
    end)
  end
end)
