local accounts = require "certstat.emulator.accounts"
local rooms = require "spec.emulator.rooms"

describe("accounts", function()
  it("know the keys of the settings", function()
    local known = assert(accounts.new({
      { id = "a", secret = "1", account = "x" }, { id = "b", secret = "2", account = "x", inactive = true },
    }, rooms.memory()))
    assert.equal("x", known:find("a").account)
    assert.is_nil(known:find("a").inactive)
    assert.is_true(known:find("b").inactive)
    assert.is_nil(known:find("c"))
    assert.is_nil(known:find("a").secret)
  end)

  it("know a temporary key in every worker from its registration on", function()
    local memory = rooms.memory()
    local here, there = assert(accounts.new({}, memory)), assert(accounts.new({}, memory))
    assert.is_true(here:register({
      access_key_id = "STS.x", access_key_secret = "s", security_token = "t", expires_at = 2000, account = "y",
      allow = { "List*" },
    }, 1000))
    local found = there:find("STS.x")
    assert.same({ "STS.x", "y", "t", 2000, { "List*" } },
      { found.id, found.account, found.token, found.expires_at, found.allow })
    assert.equal("userdata", type(found.signer))
    assert.equal(1000 + 3600, memory.seconds["STS.x"])
  end)

  it("say where there is no room for another", function()
    local memory = rooms.memory()
    memory.full = true
    assert.same({ nil, "no memory" }, { assert(accounts.new({}, memory)):register({
      access_key_id = "STS.x", access_key_secret = "s", security_token = "t", expires_at = 2000, account = "y",
    }, 1000) })
  end)

  it("refuse a key without a secret", function()
    local known, message = accounts.new({ { id = "a", secret = "" } }, rooms.memory())
    assert.is_nil(known)
    assert.equal("string", type(message))
  end)
end)

describe("accounts.permits", function()
  for _, case in ipairs {
    { {}, true }, { { allow = { "ListCert" } }, true }, { { allow = { "*" } }, true },
    { { allow = { "List*" } }, true },
    { { allow = {} }, false, "ImplicitDeny" }, { { allow = { "List" } }, false, "ImplicitDeny" },
    { { allow = { "*Certs" } }, false, "ImplicitDeny" }, { { deny = { "ListCert" } }, false, "ExplicitDeny" },
    { { allow = { "*" }, deny = { "L*t" } }, false, "ExplicitDeny" }, { { deny = { "listcert" } }, true },
  } do
    it(("ListCert of allow %s, deny %s: %s"):format(table.concat(case[1].allow or { "-" }, " "),
      table.concat(case[1].deny or { "-" }, " "), case[3] or "yes"), function()
      assert.same({ case[2], case[3] }, { accounts.permits(case[1], "ListCert") })
    end)
  end
end)
