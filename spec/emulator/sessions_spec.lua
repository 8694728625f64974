local rooms = require "spec.emulator.rooms"
local sessions = require "certstat.emulator.sessions"

describe("sessions", function()
  it("issue keys that the accounts know", function()
    local known = rooms.accounts()
    local keys = assert(sessions.issue(known, "x", 900, rooms.NOW_S))
    assert.truthy(keys.AccessKeyId:find("^STS%.%x+$"))
    assert.truthy(keys.AccessKeySecret:find("^Emul8Key%x+$"))
    assert.truthy(keys.SecurityToken:find("^Emul8Token%x+$"))
    assert.equal("2026-01-02T03:19:05Z", keys.Expiration)
    local found = known:find(keys.AccessKeyId)
    assert.same({ "x", keys.SecurityToken, rooms.NOW_S + 900 }, { found.account, found.token, found.expires_at })
  end)

  it("never issue the same twice", function()
    local a, b = sessions.issue(rooms.accounts(), "x", 900, 1), sessions.issue(rooms.accounts(), "x", 900, 1)
    for _, name in ipairs { "AccessKeyId", "AccessKeySecret", "SecurityToken" } do
      assert.not_equal(a[name], b[name])
    end
  end)

  it("say where there is no room", function()
    local memory = rooms.memory()
    memory.full = true
    assert.same({ n = 2, nil, "no memory" }, { n = 2, sessions.issue(rooms.accounts(nil, memory), "x", 900, 1) })
  end)

  it("fail in the way that a name says", function()
    local wait, waited = rooms.wait()
    assert.is_nil(sessions.mishap("certstat", wait))
    assert.same({ n = 2, nil, -60 }, { n = 2, sessions.mishap("expired", wait) })
    assert.equal(404, sessions.mishap("not-found", wait).status)
    assert.equal(503, sessions.mishap("unavailable", wait).status)
    for _, name in ipairs { "html", "cut-short", "keyless", "failed" } do
      assert.equal(200, sessions.mishap(name, wait).status)
    end
    assert.same({}, waited)
    assert.equal(504, sessions.mishap("stall", wait).status)
    assert.same({ 30 }, waited)
  end)

  it("wrap keys with what else is said", function()
    local reply = sessions.reply({ AccessKeyId = "i" }, { Code = "Success" })
    assert.same({ AccessKeyId = "i", Code = "Success" }, require("cjson").new().decode(reply.body))
    assert.equal(200, reply.status)
  end)
end)
