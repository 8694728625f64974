local program = require "certstat.emulator.program"

describe("program.find", function()
  it("takes the first path that is a file", function()
    assert.equal("/bin/sh", program.find("sh", { "/bin", "/nonexistent", "/bin/sh", "/usr/bin/env" }))
  end)

  it("says what it looked for", function()
    local found, message = program.find("none", { "/bin", "/nonexistent" })
    assert.is_nil(found)
    assert.equal("none is not installed; looked for /bin, /nonexistent", message)
  end)
end)
