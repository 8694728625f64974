local source = require "spec.credentials.source"

local BASE = "http://100.100.100.200"
local ROLES = BASE .. "/latest/meta-data/ram/security-credentials/"
local TOKEN = { { "X-aliyun-ecs-metadata-token", "tok" } }

-- as in a process of its own, which has not asked yet
local function fresh()
  package.loaded["certstat.credentials.ecs_metadata"] = nil
  return require "certstat.credentials.ecs_metadata"
end

local function text(body, status) return { status = status or 200, headers = {}, body = body } end

local function keys(changes)
  local all = source.keys { Code = "Success" }
  for name, value in pairs(changes or {}) do all[name] = value end
  return source.reply(all)
end

local function asked(step) return { step.request.method, step.request.url, step.request.headers } end

describe("credentials.ecs_metadata", function()
  it("asks for a token, the role's name and its keys", function()
    local step = source.step(fresh().find(source.new()))
    assert.same({ "PUT", BASE .. "/latest/api/token", { { "X-aliyun-ecs-metadata-token-ttl-seconds", "21600" } } },
      asked(step))
    step = source.step(step.continue(text "tok"))
    assert.same({ "GET", ROLES, TOKEN }, asked(step))
    step = source.step(step.continue(text "audit\n"))
    assert.same({ "GET", ROLES .. "audit", TOKEN }, asked(step))
    local found = step.continue(keys())
    assert.same({ "STS.id", 3599, "ECS metadata" }, { found.access_key_id, found.expires_in, found.provider })
  end)

  it("asks no name where it is known", function()
    local step = fresh().find(source.new { variables = { ALIBABA_CLOUD_ECS_METADATA = "audit" } })
    assert.same({ "GET", ROLES .. "audit", TOKEN }, asked(source.step(step.continue(text "tok"))))
    step = fresh().role(source.new(), "other")
    assert.same({ "GET", ROLES .. "other", TOKEN }, asked(source.step(step.continue(text "tok"))))
    source.refused("expected a role's name, found ../x", true, fresh().role(source.new(), "../x"))
  end)

  it("goes on without a token, unless that is forbidden", function()
    for _, reply in ipairs { text("", 404), text("", 405), text "", text "\27[m" } do
      local step = fresh().find(source.new())
      assert.same({ "GET", ROLES, {} }, asked(source.step(step.continue(reply))))
    end
    local step = fresh().find(source.new())
    assert.same({ "GET", ROLES, {} }, asked(source.step(step.continue(nil, "no reply"))))
    local only = source.new { variables = { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" } }
    source.refused("no token: HTTP 404", nil, fresh().find(only).continue(text("", 404)))
    source.refused("no token: no reply", nil, fresh().find(only).continue(nil, "no reply"))
  end)

  it("takes a second in all", function()
    local from = source.new()
    local step = fresh().find(from)
    assert.equal(5e8, step.request.total_ns)
    from.ns = 5e8
    step = step.continue(nil, "timed out")
    assert.equal(5e8, step.request.total_ns)
    from.ns = 9e8
    step = step.continue(text "audit")
    assert.equal(1e8, step.request.total_ns)
    step = fresh().role(from, "x")
    from.ns = 2e9
    assert.equal(1e6, step.continue(nil, "timed out").request.total_ns)
    local only = source.new { variables = { ALIBABA_CLOUD_IMDSV1_DISABLED = "true" } }
    assert.equal(1e9, fresh().find(only).request.total_ns)
  end)

  it("is asked once a process where nothing answers, and again where something did", function()
    local module = fresh()
    source.refused("timed out", nil, module.find(source.new()).continue(nil, "x").continue(nil, "timed out"))
    source.refused("timed out, and is not asked again", nil, module.find(source.new()))
    source.step(module.role(source.new())) -- but a profile may insist
    module = fresh()
    source.refused("this instance has no RAM role", nil,
      module.find(source.new()).continue(text "tok").continue(text("", 404)))
    module = fresh()
    source.refused("expected a role's name, found HTTP 500", true,
      module.find(source.new()).continue(text "tok").continue(text("", 500)))
    source.step(module.find(source.new()))
  end)

  it("is asked again where it has served before, also after a renewal that nothing answers", function()
    local module = fresh()
    local step = module.find(source.new()).continue(text "tok").continue(text "audit")
    assert.equal("STS.id", step.continue(keys()).access_key_id)
    source.refused("timed out", nil, module.find(source.new()).continue(nil, "x").continue(nil, "timed out"))
    source.step(module.find(source.new()))
  end)

  it("can be switched off", function()
    source.refused("ALIBABA_CLOUD_ECS_METADATA_DISABLED is true", nil,
      fresh().find(source.new { variables = { ALIBABA_CLOUD_ECS_METADATA_DISABLED = "True" } }))
  end)

  it("says what is wrong with the keys", function()
    local rows = {
      { nil, "no reply", "no reply" },
      { text("", 500), nil, "the role's keys: HTTP 500" },
      { text "<html>", nil, "what it gave is no JSON: Expected value but found invalid token at character 1" },
      { source.reply { Code = "Failed" }, nil, "what it gave says Failed" },
      { keys { AccessKeySecret = "" }, nil, "what it gave has no AccessKeySecret" },
      { keys { Expiration = "2026-01-02T03:04:05Z" }, nil, "what it gave had expired at 2026-01-02T03:04:05Z" },
    }
    for _, row in ipairs(rows) do
      local step = fresh().role(source.new(), "audit").continue(text "tok")
      source.refused(row[3], true, step.continue(row[1], row[2]))
    end
  end)

  it("can be emulated on this machine alone", function()
    local function url(value)
      local step, why = fresh().role(source.new { variables = { CERTSTAT_METADATA_ENDPOINT = value } })
      return step and step.request.url or why
    end
    assert.equal("http://127.0.0.1:8080/latest/api/token", url "http://127.0.0.1:8080")
    for _, bad in ipairs { "http://example.com", "https://127.0.0.1:8080", "127.0.0.1" } do
      assert.equal("CERTSTAT_METADATA_ENDPOINT: expected http:// and a loopback address", url(bad))
    end
  end)
end)
