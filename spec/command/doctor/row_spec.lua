local row = require "certstat.command.doctor.row"

describe("a row of the doctor", function()
  it("has a check, what came of it, and of what failed the class", function()
    assert.same({ check = "dns", status = "failed", message = "no", class = "network" },
      row("dns", "failed", "no", "network"))
    assert.same({ check = "dns", status = "ok", message = "yes" }, row("dns", "ok", "yes"))
  end)
end)
