local options = require "certstat.emulator.options"

describe("options.access_key", function()
  it("reads ID:SECRET, the secret with colons of its own", function()
    assert.same({ id = "demo", secret = "throw:away" }, options.access_key("demo:throw:away", true))
    assert.same({ id = "LTAI5t", secret = "x" }, options.access_key("LTAI5t:x"))
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
      local key, found = options.access_key(text, true)
      assert.is_nil(key)
      assert.equal(message, found)
    end)
  end
end)

describe("options.access_keys", function()
  it("reads one a line", function()
    assert.same({ { id = "a", secret = "1" }, { id = "b", secret = "2" } }, options.access_keys("a:1\r\n\nb:2\n"))
  end)

  it("refuses none, and a bad one", function()
    local keys, message = options.access_keys("\n")
    assert.is_nil(keys)
    assert.equal("access key: expected ID:SECRET, found nothing", message)
    keys, message = options.access_keys("a:1\nb\n")
    assert.is_nil(keys)
    assert.equal("access key: expected ID:SECRET", message)
  end)
end)

describe("options.listen", function()
  for text, expected in pairs {
    ["127.0.0.1:0"] = { "127.0.0.1", 0 }, ["127.9.8.7:65535"] = { "127.9.8.7", 65535 },
    ["localhost:80"] = { "127.0.0.1", 80 },
  } do
    it("takes " .. text, function() assert.same(expected, { options.listen(text) }) end)
  end

  for text, message in pairs {
    [""] = "listen: expected ADDRESS:PORT, found ",
    ["127.0.0.1"] = "listen: expected ADDRESS:PORT, found 127.0.0.1",
    ["127.0.0.1:65536"] = "listen: expected ADDRESS:PORT, found 127.0.0.1:65536",
    ["127.0.0.1:8x"] = "listen: expected ADDRESS:PORT, found 127.0.0.1:8x",
    ["0.0.0.0:80"] = "listen: expected a loopback address, 127.0.0.1 for one, found 0.0.0.0",
    ["10.0.0.1:80"] = "listen: expected a loopback address, 127.0.0.1 for one, found 10.0.0.1",
    ["127.0.0.1; }:80"] = "listen: expected a loopback address, 127.0.0.1 for one, found 127.0.0.1; }",
    ["host:80"] = "listen: expected a loopback address, 127.0.0.1 for one, found host",
  } do
    it(("refuses '%s'"):format(text), function()
      local address, found = options.listen(text)
      assert.is_nil(address)
      assert.equal(message, found)
    end)
  end
end)
