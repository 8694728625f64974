local serial_forms = require "certstat.emulator.serial_forms"

local function switches(form, input) return { ["serial-form"] = form, ["serial-input"] = input } end

describe("serials in a call", function()
  -- text, what it finds where replies have lower case, upper case, no leading zero, and where any form will do
  for _, case in ipairs {
    { "0a1b", "0a1b", "0a1b", "0a1b", "0a1b" },
    { "0A1B", nil, "0a1b", nil, "0a1b" },
    { "a1b", nil, nil, "0a1b", "0a1b" },
    { "A1B", nil, nil, nil, "0a1b" },
    { "000a1b", nil, nil, nil, "0a1b" },
    { "0A:1B", nil, nil, nil, "0a1b" },
    { "00", nil, nil, nil, nil },
    { "xyz", nil, nil, nil, nil },
    { "", nil, nil, nil, nil },
  } do
    it(("named '%s'"):format(case[1]), function()
      for i, form in ipairs { "lower", "upper", "minimal" } do
        assert.equal(case[i + 1], serial_forms.key(case[1], switches(form, "exact")))
        assert.equal(case[5], serial_forms.key(case[1], switches(form, "any")))
      end
    end)
  end

  it("may be hexadecimal, or where any form will do any of them", function()
    local exact, any = switches("lower", "exact"), switches("lower", "any")
    for text, expected in pairs {
      ["0a"] = { true, true }, ["0A"] = { true, true }, ["00"] = { true, true }, [("f"):rep(50)] = { true, true },
      ["0a:1b"] = { false, true }, ["xyz"] = { false, false }, [""] = { false, false },
    } do
      assert.same(expected, { serial_forms.is_one(text, exact), serial_forms.is_one(text, any) })
    end
  end)
end)

describe("serials in a reply", function()
  local function written(form)
    local values = {
      CertificateList = { { SerialNumber = "0a1b", Other = "0a1b" }, { Status = "unknown" }, { SerialNumber = "b1" } },
      Certificate = { SerialNumber = "0c" }, RequestId = "0a1b",
    }
    serial_forms.write(values, switches(form), function() end)
    local list = values.CertificateList
    return {
      list[1].SerialNumber, list[3].SerialNumber, values.Certificate.SerialNumber, list[1].Other, values.RequestId,
    }
  end

  for form, expected in pairs {
    lower = { "0a1b", "b1", "0c", "0a1b", "0a1b" }, upper = { "0A1B", "B1", "0C", "0a1b", "0a1b" },
    minimal = { "a1b", "b1", "c", "0a1b", "0a1b" },
  } do
    it("are written in the form " .. form, function() assert.same(expected, written(form)) end)
  end
end)
