local budget_of = require "certstat.command.doctor.probe.budget"

describe("the budget of a probe", function()
  local calls

  -- answers: what each call gives, a verdict or {nil, message}
  local function new(most, answers)
    calls = { sent = 0, asked = {} }
    function calls.ask(self, operation, parameters)
      self.asked[#self.asked + 1] = { operation, parameters.SerialNumber }
      local answer = answers[#self.asked]
      if type(answer) == "string" then return nil, answer, { class = "limit" } end
      self.sent = self.sent + 1
      return answer
    end
    return budget_of.new(calls, most)
  end

  local function refused(class, more)
    local verdict = { outcome = "failed", message = "no", info = { class = class } }
    for name, value in pairs(more or {}) do verdict.info[name] = value end
    return verdict
  end

  it("is spent in the lane of audits, call by call", function()
    local budget = new(2, { { reply = { a = 1 } }, refused("argument") })
    assert.equal("audit", calls.lane)
    assert.equal(2, budget:left())
    assert.same({ a = 1 }, (budget:ask("A", {})))
    assert.same({ nil, true }, { budget:ask("B", {}) })
    assert.equal(0, budget:left())
    assert.same({ nil, false }, { budget:ask("C", {}) })
    assert.equal(2, #calls.asked)
    assert.is_nil(budget.stopped)
  end)

  it("counts the calls that were made before", function()
    local budget = new(3, {})
    calls.sent = 5
    assert.equal(0, budget:left())
  end)

  it("knows a refusal of what was asked", function()
    local budget = new(9, { refused("argument"), refused("protocol", { may_divide = true }) })
    for _ = 1, 2 do assert.same({ nil, true }, { budget:ask("A", {}) }) end
  end)

  for _, answer in ipairs { refused("throttled"), refused("network"), refused("server"), refused("denied"), "no" } do
    it("ends with what says nothing: " .. (answer.info and answer.info.class or answer), function()
      local budget = new(9, { answer })
      assert.same({ nil, false }, { budget:ask("A", {}) })
      assert.equal("no", budget.stopped)
      assert.equal(0, budget:left())
      assert.same({ nil, false }, { budget:status { "0a" } })
      assert.equal(1, #calls.asked)
    end)
  end

  it("has the statuses of serials by their keys", function()
    local null = require("cjson").null
    local budget = new(9, { { reply = { CertificateStatus = {
      { SerialNumber = "0A:1B", Status = "good", RevokeTime = 0 },
      { SerialNumber = "c", Status = "revoked", RevokeTime = null }, { SerialNumber = "no", Status = "x" }, "odd", {},
    } } }, { reply = {} }, { reply = { CertificateStatus = "odd" } } })
    assert.same({ ["0a1b"] = { status = "good", time = 0 }, ["0c"] = { status = "revoked" } },
      (budget:status { "0a1b", "c" }))
    assert.same({ "DescribeClientCertificateStatusForSerialNumber", "0a1b,c" }, calls.asked[1])
    assert.same({}, (budget:status { "1" }))
    assert.same({}, (budget:status { "1" }))
  end)
end)
