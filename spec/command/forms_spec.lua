local forms = require "certstat.command.forms"

local function of(key)
  local by_name = {}
  for _, form in ipairs(forms.of(key)) do
    by_name[form[1]] = form[2]
  end
  return by_name
end

describe("command.forms", function()
  it("writes a serial as each program does", function()
    assert.same({
      key = "084bde9cd2", openssl = "084BDE9CD2", colon = "08:4b:de:9c:d2", decimal = "35632618706",
      nginx = "084BDE9CD2", haproxy = "084BDE9CD2", ["java, go"] = "84bde9cd2",
    }, of("084bde9cd2"))
  end)

  -- decimals by bc(1): ibase=16
  local decimals = {
    { "01", "1" },
    { "0a", "10" },
    { "989680", "10000000" },
    { "98967f", "9999999" },
    { "ffffffffffffffff", "18446744073709551615" },
    { "084bde9cd233f0ddae33adc438cfbbbd1234", "722715367849947738142325588560594887053876" },
    { "ffffffffffffffffffffffffffffffffffffffff", "1461501637330902918203684832716283019655932542975" },
    { "8000000000000000000000000000000000000000", "730750818665451459101842416358141509827966271488" },
  }
  for _, case in ipairs(decimals) do
    it("counts " .. case[1], function()
      assert.equal(case[2], of(case[1]).decimal)
    end)
  end
end)
