local exit_codes = require "certstat.command.exit_codes"

describe("command.exit_codes", function()
  it("are those of the contract", function()
    local codes = {}
    for name, code in pairs(exit_codes) do
      if type(code) == "number" then
        codes[name] = code
      end
    end
    assert.same({ usage = 4, denied = 5, failed = 3, revoked = 1, unclear = 2, ok = 0 }, codes)
  end)

  it("tell what a failure that ended everything is", function()
    assert.equal(4, exit_codes.of_failure({ class = "argument" }))
    assert.equal(5, exit_codes.of_failure({ class = "denied" }))
    for _, class in ipairs { "limit", "network", "protocol", "throttled", "server", "deadline", "closed" } do
      assert.equal(3, exit_codes.of_failure({ class = class }))
    end
    assert.equal(3, exit_codes.of_failure(nil))
  end)
end)
