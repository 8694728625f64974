local authorities = require "spec.emulator.authorities"
local authority_log = require "certstat.emulator.operations.authority_log"

local function run(parameters, changes) return authorities.run(authority_log, parameters, changes) end

describe("ListCACertificateLog", function()
  it("tells when an authority was made, and when it was revoked", function()
    assert.same({ LogList = {
      { CreateTime = 1600000000000, OpType = "ADD", Content = "The authority was made.", Identifier = "sub" },
    } }, run { Identifier = "sub" })
    local registry = authorities.registry()
    registry.authorities[1].index:find("5b").revoked = 1600001000
    local list = run({ Identifier = "sub" }, { registry = registry }).LogList
    assert.same({ 2, 1600001000000, "UPDATE" }, { #list, list[2].CreateTime, list[2].OpType })
  end)

  it("wants one that there is", function()
    assert.same({ nil, "MissingIdentifier" }, { run {} })
    assert.same({ nil, "NotFound", "Identifier: there is no such authority." },
      { run { Identifier = "x" } })
  end)
end)
