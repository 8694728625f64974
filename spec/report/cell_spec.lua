local cell = require "certstat.report.cell"

describe("report.cell", function()
  local formulas = {
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|'/C calc'!A0", "-:13: no serial number",
    "\239\188\157" .. "1", "\239\188\139" .. "1", "\239\188\141" .. "1", "\239\188\160" .. "A",
  }
  for _, text in ipairs(formulas) do
    it("makes text of " .. text, function()
      assert.equal("'" .. text, cell(text))
    end)
  end

  for _, text in ipairs { "", "08:4B:DE", "a=1", "-", "-:13", "-5", "\239\188\154", "\228\184\173" } do
    it("leaves '" .. text .. "'", function()
      assert.equal(text, cell(text))
    end)
  end

  it("leaves no tab or line end that could begin a formula", function()
    assert.equal("\\x09=1", cell("\t=1"))
    assert.equal("\\x0D=1", cell("\r=1"))
    assert.equal("\\x0A=1", cell("\n=1"))
  end)
end)
