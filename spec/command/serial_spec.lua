local fake = require "spec.command.fake"

local ONE = [[
key       084bde9cd2
openssl   084BDE9CD2
colon     08:4b:de:9c:d2
decimal   35632618706
nginx     084BDE9CD2
haproxy   084BDE9CD2
java, go  84bde9cd2
]]

describe("certstat serial", function()
  for _, given in ipairs { "84bde9cd2", "08:4B:DE:9C:D2", "0x084BDE9CD2", "serial=084BDE9CD2", "dec:35632618706",
    "0000084bde9cd2" } do
    it("explains " .. given, function()
      local code, out, err = fake.run { "serial", given }
      assert.equal("given     " .. given .. "\n" .. ONE, out)
      assert.equal("", err)
      assert.equal(0, code)
    end)
  end

  it("explains one after the other, and exits with 2 where one is none", function()
    local code, out = fake.run { "serial", "84bde9cd2", "1,2", "084bde9cd2" }
    assert.equal("given     84bde9cd2\n" .. ONE
      .. "\ngiven     1,2\ninvalid   serial number: expected one serial number, found ',' at character 2\n"
      .. "\ngiven     084bde9cd2\n" .. ONE, out)
    assert.equal(2, code)
  end)

  it("shows outside text printable", function()
    local code, out = fake.run { "serial", "\27[2J" }
    assert.equal("given     \\x1B[2J\n", out:match("^.-\n"))
    assert.is_nil(out:find("\27", 1, true))
    assert.equal(2, code)
  end)

  it("reads certificates", function()
    local code, out = fake.run { "serial", "--pem", "spec/command/two.pem" }
    assert.equal("given     084bde9cd2\n" .. ONE .. [[

given     b67e53eb
key       b67e53eb
openssl   B67E53EB
colon     b6:7e:53:eb
decimal   3061732331
nginx     B67E53EB
haproxy   B67E53EB
java, go  b67e53eb
]], out)
    assert.equal(0, code)
  end)

  local unusable = {
    { {}, "no serial number given (see certstat serial --help)" },
    { { "--pem", "/nonexistent" }, "/nonexistent: No such file or directory" },
    { { "--pem", "-" }, "no certificate in the standard input" },
    { { "--pem", "spec/command/serial_spec.lua" }, "no certificate in spec/command/serial_spec.lua" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local argv = { "serial" }
      for _, argument in ipairs(case[1]) do
        argv[#argv + 1] = argument
      end
      local code, out, err = fake.run(argv, { stdin = "01\n" })
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end
end)
