local calls_of = require "certstat.command.doctor.calls"
local core = require "certstat.core"
local fake_net = require "spec.support.fake_net"

local START = 1000000000000
local DONE = { status = 200, body = '{"RequestId":"1","TotalCount":0}' }

describe("a call of the doctor", function()
  local clock, net, quota, waits

  -- script: of fake_net; rate: calls a second
  local function new(script, rate)
    clock, waits = { now = START }, 0
    net = fake_net.new(clock, script)
    function net.idle_ns() return 1000000 end
    quota = core.quota { rate = rate or 10, guard_ns = 0 }
    return calls_of.new {
      net = net, quota = quota, endpoint = { url = "http://127.0.0.1:1", host = "127.0.0.1:1" }, timeout_ns = 5e9,
      user_agent = "spec", on_wait = function() waits = waits + 1 end,
      host = { now_ns = function() return clock.now end, pause = function(_, ns) return net:step(ns) end },
      identity = { credentials = {}, sign = function(_, request)
        return { target = "/?signed", headers = { ["x-acs-action"] = request.action, accept = "x" } }
      end },
    }
  end

  it("is one attempt with one permit", function()
    local calls = new(function() return DONE end)
    local verdict, event = calls:ask("ListClientCertificate", { ShowSize = 1 })
    assert.equal("done", verdict.outcome)
    assert.equal(200, event.http_status)
    assert.equal(1, calls.sent)
    assert.equal(1, #net.started)
    local request = net.started[1]
    assert.equal("http://127.0.0.1:1/?signed", request.url)
    assert.is_true(request.not_after_ns >= START + 250000000 and request.not_after_ns < START + 250002048)
    assert.equal(9, quota:look(clock.now).free)
    assert.is_true(waits > 0)
  end)

  it("is not repeated where it fails", function()
    local calls = new(function() return { class = "network", message = "no" } end)
    local verdict = calls:ask("ListClientCertificate", {})
    assert.same({ "retry", "no" }, { verdict.outcome, verdict.message })
    assert.equal(1, calls.sent)
    assert.equal(1, #net.started)
  end)

  it("gives back the permit of what has not left", function()
    local calls = new(function() return { sent_ms = false, class = "network", message = "no" } end)
    calls:ask("ListClientCertificate", {})
    assert.equal(0, calls.sent)
    assert.equal(10, quota:look(clock.now).free)
    calls = new(function() return { refuse = { "can't", { class = "limit" } } } end)
    assert.same({ nil, "can't", { class = "limit" } }, { calls:ask("ListClientCertificate", {}) })
    assert.equal(10, quota:look(clock.now).free)
  end)

  it("takes another permit where its time has passed, some times", function()
    local calls = new(function(_, n) return n < 3 and { sent_ms = 300 } or DONE end)
    assert.equal("done", calls:ask("ListClientCertificate", {}).outcome)
    assert.same({ 1, 3 }, { calls.sent, #net.started })
    calls = new(function() return { sent_ms = 300 } end)
    assert.equal("late", calls:ask("ListClientCertificate", {}).outcome)
    assert.same({ 0, 5 }, { calls.sent, #net.started })
  end)

  it("waits for a permit, and not for ever", function()
    local calls = new(function() return DONE end, 1)
    for _ = 1, 3 do assert.equal("done", calls:ask("ListClientCertificate", {}).outcome) end
    assert.is_true(clock.now - START >= 2e9)
    quota:pause(clock.now + 11e9, clock.now)
    assert.same({ nil, "no permit of the quota within 10 s", { class = "throttled" } },
      { calls:ask("ListClientCertificate", {}) })
    assert.equal(3, #net.started)
  end)

  it("pauses all others where the service throttles", function()
    local calls = new(function()
      return { status = 400, body = '{"RequestId":"1","Code":"Throttling.User"}',
        headers = { ["x-acs-retry-after"] = "7000" } }
    end)
    assert.equal("throttled", calls:ask("ListClientCertificate", {}).outcome)
    assert.equal(7e9, quota:look(clock.now).paused_ns)
  end)

  it("asks nothing that is no operation, or can't be signed", function()
    local calls = new(function() return DONE end)
    local none, message = calls:ask("Nothing", {})
    assert.is_nil(none)
    assert.equal("unknown operation Nothing: expected a read operation of cas 2020-06-30", message)
    function calls.identity.sign() return nil, "can't sign", { class = "argument" } end
    assert.same({ nil, "can't sign", { class = "argument" } }, { calls:ask("ListClientCertificate", {}) })
    assert.equal(10, quota:look(clock.now).free)
  end)

  it("connects without a permit", function()
    local calls = new(function() return { sent_ms = false, class = "network", message = "no" } end)
    local request
    function net.start(_, given)
      request = given
      net.queue = { { id = given.id, kind = "connected", facts = {} } }
      return true
    end
    assert.equal("connected", calls:connect().kind)
    assert.same({ id = 1, method = "POST", url = "http://127.0.0.1:1/", connect_only = true, describe = true,
      connect_ns = 5e9 }, request)
    assert.equal(10, quota:look(clock.now).free)
  end)
end)
