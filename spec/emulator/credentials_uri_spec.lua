local credentials_uri = require "certstat.emulator.credentials_uri"
local json = require("cjson").new()
local rooms = require "spec.emulator.rooms"

local function ask(target, options)
  options = options or {}
  local known = rooms.accounts(nil, options.memory)
  local call = { arrival_us = rooms.NOW_US, method = options.method or "GET", target = target }
  local reply = credentials_uri.new { accounts = known, account = "x", seconds = 600 }:answer(call, rooms.wait())
  assert.equal("CredentialsURI", call.action)
  return reply, known
end

describe("the credentials URI", function()
  it("gives keys", function()
    local reply, known = ask "/credentials?a=b"
    local body = json.decode(reply.body)
    assert.same({ 200, "Success", "2026-01-02T03:14:05Z" }, { reply.status, body.Code, body.Expiration })
    assert.equal("x", known:find(body.AccessKeyId).account)
  end)

  it("has mishaps below it, and nothing else", function()
    assert.equal(503, ask("/credentials/unavailable").status)
    assert.equal("2026-01-02T03:03:05Z", json.decode(ask("/credentials/expired").body).Expiration)
    assert.equal(404, ask("/credentials/other").status)
    assert.equal(405, ask("/credentials", { method = "POST" }).status)
  end)

  it("says where there is no room", function()
    local memory = rooms.memory()
    memory.full = true
    assert.equal(404, ask("/credentials", { memory = memory }).status)
  end)
end)
