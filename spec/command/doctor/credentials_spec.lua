local credentials = require "certstat.credentials"
local rows_of = require("certstat.command.doctor.credentials").rows

local function rows(...)
  local found, files = rows_of(...)
  return { found.check, found.status, found.message, found.class }, { files.check, files.status, files.message }
end

local function new(fields)
  fields.access_key_id, fields.access_key_secret = "LTAI5tExampleOfAnId", "Canary-Secret"
  return assert(credentials.new(fields))
end

local FINE = { "files", "ok", "no file with credentials that others could read" }

describe("the doctor, of credentials", function()
  it("says whose serve", function()
    local found, files = rows(new { provider = "environment" })
    assert.same({ "credentials", "ok", "LTAI...AnId, from environment" }, found)
    assert.same(FINE, files)
    found = rows(new { provider = "OIDC role", expires_in = 3000 })
    assert.same({ "credentials", "ok", "LTAI...AnId, from OIDC role, for 50 min 0 s" }, found)
  end)

  it("says which were tried before, and why each did not serve", function()
    local tried = { { "environment", "it is not set" }, { "OIDC role", "no token" } }
    local found, files = rows(new { provider = "x", tried = tried })
    assert.same({ "credentials", "ok", "LTAI...AnId, from x; before it: environment (it is not set), "
      .. "OIDC role (no token)" }, found)
    assert.same(FINE, files)
    tried[2].present = true
    local warnings = { "OIDC role is passed over: no token" }
    found, files = rows(new { provider = "x", tried = tried, warnings = warnings })
    assert.equal("warning", found[2])
    assert.same(FINE, files)
  end)

  it("warns of files that others can read", function()
    local _, files = rows(new { provider = "x", warnings = { "a can be read by others", "b too" } })
    assert.same({ "files", "warning", "a can be read by others; b too" }, files)
  end)

  it("says that there are none", function()
    local found, files = rows(nil, "no credentials: tried x (y)", { class = "denied" })
    assert.same({ "credentials", "failed", "no credentials: tried x (y)", "denied" }, found)
    assert.same({ "files", "skipped", "no file was used" }, files)
  end)
end)
