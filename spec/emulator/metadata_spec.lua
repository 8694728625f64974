local json = require("cjson").new()
local metadata = require "certstat.emulator.metadata"
local rooms = require "spec.emulator.rooms"

local ROLES = "/latest/meta-data/ram/security-credentials/"

local function new(version)
  local memory = rooms.memory()
  local known = rooms.accounts()
  return metadata.new {
    accounts = known, account = "x", seconds = 600, memory = memory, version = version,
  }, memory, known
end

local function ask(service, method, target, headers)
  local call = { arrival_us = rooms.NOW_US, method = method, target = target, headers = headers or {} }
  local reply = service:answer(call, rooms.wait())
  assert.equal("Metadata", call.action)
  return reply
end

local function token_of(service, ttl)
  return ask(service, "PUT", "/latest/api/token", { ["x-aliyun-ecs-metadata-token-ttl-seconds"] = ttl or "60" })
end

describe("the metadata service", function()
  it("gives the role's keys to who has a token", function()
    local service, memory, known = new()
    local token = token_of(service)
    assert.equal(200, token.status)
    local headers = { ["x-aliyun-ecs-metadata-token"] = token.body }
    assert.equal(60, memory.seconds["metadata " .. token.body])
    assert.equal("certstat", ask(service, "GET", ROLES, headers).body)
    local reply = json.decode(ask(service, "GET", ROLES .. "certstat", headers).body)
    assert.same({ "Success", "2026-01-02T03:14:05Z", "2026-01-02T03:04:05Z" },
      { reply.Code, reply.Expiration, reply.LastUpdated })
    assert.equal("x", known:find(reply.AccessKeyId).account)
  end)

  it("gives them without a token, unless it is of version 2 alone", function()
    assert.equal("certstat", ask(new(), "GET", ROLES).body)
    assert.equal("certstat", ask(new "v1", "GET", ROLES).body)
    assert.equal(403, ask(new "v2", "GET", ROLES).status)
  end)

  it("has no tokens in version 1", function()
    assert.equal(404, token_of((new "v1")).status)
    assert.equal(200, token_of((new "v2")).status)
  end)

  it("refuses tokens that it has not given", function()
    assert.equal(401, ask(new(), "GET", ROLES, { ["x-aliyun-ecs-metadata-token"] = "x" }).status)
  end)

  it("wants a time for a token", function()
    for ttl, status in pairs { ["1"] = 200, ["21600"] = 200, ["21601"] = 400, ["0"] = 400, x = 400 } do
      assert.equal(status, token_of(new(), ttl).status)
    end
    assert.equal(400, ask(new(), "PUT", "/latest/api/token").status)
  end)

  it("knows nothing else", function()
    assert.equal(404, ask(new(), "GET", "/latest/meta-data/instance-id").status)
    assert.equal(404, ask(new(), "GET", ROLES .. "other").status)
    assert.equal(405, ask(new(), "POST", ROLES).status)
    assert.equal(405, ask(new(), "GET", "/latest/api/token").status)
  end)

  it("has mishaps by the role's name", function()
    assert.equal(503, ask(new(), "GET", ROLES .. "unavailable").status)
    assert.equal("2026-01-02T03:03:05Z", json.decode(ask(new(), "GET", ROLES .. "expired").body).Expiration)
  end)

  it("says where there is no room", function()
    local service, memory = new()
    memory.full = true
    assert.equal(503, token_of(service).status)
    service.accounts = rooms.accounts(nil, memory)
    assert.equal(503, ask(service, "GET", ROLES .. "certstat").status)
  end)
end)
