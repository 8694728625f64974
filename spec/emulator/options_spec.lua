local options = require "certstat.emulator.options"

describe("options.listen", function()
  for text, expected in pairs {
    ["127.0.0.1:0"] = { "127.0.0.1", 0 }, ["127.9.8.7:65535"] = { "127.9.8.7", 65535 },
    ["localhost:80"] = { "127.0.0.1", 80 }, ["[::1]:0"] = { "::1", 0 },
  } do
    it("takes " .. text, function() assert.same(expected, { options.listen(text) }) end)
  end

  for text, message in pairs {
    [""] = "listen: expected ADDRESS:PORT, found ",
    ["127.0.0.1"] = "listen: expected ADDRESS:PORT, found 127.0.0.1",
    ["127.0.0.1:65536"] = "listen: expected ADDRESS:PORT, found 127.0.0.1:65536",
    ["127.0.0.1:8x"] = "listen: expected ADDRESS:PORT, found 127.0.0.1:8x",
    ["0.0.0.0:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found 0.0.0.0",
    ["10.0.0.1:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found 10.0.0.1",
    ["127.0.0.1; }:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found 127.0.0.1; }",
    ["[::]:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found ::",
    ["[127.0.0.1]:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found [127.0.0.1]",
    ["::1:80"] = "listen: expected ADDRESS:PORT, found ::1:80",
    ["[::1]80"] = "listen: expected ADDRESS:PORT, found [::1]80",
    ["host:80"] = "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found host",
  } do
    it(("refuses '%s'"):format(text), function()
      local address, found = options.listen(text)
      assert.is_nil(address)
      assert.equal(message, found)
    end)
  end
end)
