local credentials = require "certstat.credentials"
local ipc = require "certstat.ipc"
local sign = require "certstat.sign"
local world = require "spec.support.world"

local HTML = "<html><head><title>502 Bad Gateway</title></head></html>"

-- answers[n] for the n-th request, the last one for all that follow
local function in_turn(answers)
  return function(_, n) return answers[math.min(n, #answers)] end
end

local function good(request)
  return world.statuses(request, function() return "good" end)
end

-- The world's quota, with functions of its own: each is called with the quota's own one before its arguments.
local function with_quota(w, functions)
  local quota = w.quota
  w.loop.quota = setmetatable({}, { __index = function(_, name)
    local own = functions[name]
    return function(_, ...)
      if own then return own(function(...) return quota[name](quota, ...) end, ...) end
      return quota[name](quota, ...)
    end
  end })
  return w
end

describe("loop: a call", function()
  it("is signed, sent and answered", function()
    local w = world.new { answer = good }
    local call = w:call { SerialNumber = "084b,b67e" }
    assert.same({ Status = "good", SerialNumber = "b67e" }, call.reply.CertificateStatus[2])
    assert.is_nil(call.message)
    local request = w.net.started[1]
    assert.equal(1, #w.net.started)
    assert.equal("http://127.0.0.1:8080/?SerialNumber=084b%2Cb67e", request.url)
    assert.equal("POST", request.method)
    assert.equal("", request.body)
    assert.equal("DescribeClientCertificateStatusForSerialNumber", request.fields["x-acs-action"])
    assert.equal("2020-06-30", request.fields["x-acs-version"])
    assert.equal("application/json", request.fields.accept)
    assert.equal("spec", request.fields["user-agent"])
    assert.equal("127.0.0.1:8080", request.fields.host)
    assert.same({ calls = 1, serials = 1, throttled = 0, retries = 0, failed = 0 }, w.loop.counters)
  end)

  it("carries the security token, signed", function()
    local w = world.new { answer = good, token = "CAISinZ2Fy+token==" }
    w:call()
    assert.equal("CAISinZ2Fy+token==", w.net.started[1].fields["x-acs-security-token"])
    assert.truthy(w.net.started[1].fields.authorization:find("x-acs-security-token", 1, true))
  end)

  it("has limits of time for each attempt", function()
    for _, row in ipairs {
      -- timeout s, total s of an attempt
      { 60, 15 }, { 5, 5 }, { 20, 10 }, { 400, 100 },
    } do
      local w = world.new { answer = good, timeout = row[1] }
      w:call()
      assert.equal(row[2] * 1e9, w.net.started[1].total_ns)
      assert.equal(5e9, w.net.started[1].connect_ns)
    end
  end)

  it("is not sent after its permit, nor for longer than its time", function()
    local w = world.new { answer = in_turn { { class = "network" }, { ms = 20000 } }, timeout = 20 }
    w:call()
    assert.equal(w.net.started[1].at + 250e6, math.floor(w.net.started[1].not_after_ns / 1e6) * 1e6)
    local second = w.net.started[2]
    assert.equal(10e9, second.total_ns)
    local last = w.net.started[#w.net.started]
    assert.truthy(last.total_ns < 10e9)
    assert.truthy(w:ms() <= 20000)
  end)

  it("gets what its read function makes of the reply", function()
    local w = world.new { answer = good }
    local call = w:call(nil, nil, function(reply) return #reply.CertificateStatus end)
    assert.equal(1, call.reply)
  end)

  it("is tried again where its read function does not find what was asked for", function()
    local w, n = world.new { answer = good }, 0
    local call = w:call(nil, nil, function()
      n = n + 1
      if n < 3 then return nil, "half of it is missing", { class = "protocol", code = "InvalidReply" } end
      return "whole"
    end)
    assert.equal("whole", call.reply)
    assert.equal(3, #w.net.started)
    w = world.new { answer = good }
    call = w:call(nil, nil, function()
      return nil, "half of it is missing", { class = "protocol", code = "InvalidReply" }
    end)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: half of it is missing (tried 4 times)", call.message)
    assert.same({ class = "protocol", code = "InvalidReply" }, call.info)
    assert.equal(4, #w.net.started)
  end)
end)

describe("loop: an attempt that fails", function()
  it("is repeated with a nonce and a date of its own, and says so in signed fields", function()
    local w = world.new { answer = in_turn { { ms = 3000, class = "network" }, { ms = 2500, class = "network" },
      world.reply {} } }
    local call = w:call()
    assert.truthy(call.reply)
    assert.equal(3, #w.net.started)
    local first, second, third = w.net.started[1], w.net.started[2], w.net.started[3]
    assert.are_not.equal(first.nonce, second.nonce)
    for _, request in ipairs(w.net.started) do
      assert.equal(sign.date(1767323045 + math.floor((request.at - first.at) / 1e9)), request.fields["x-acs-date"])
    end
    assert.are_not.equal(first.fields["x-acs-date"], second.fields["x-acs-date"])
    assert.is_nil(first.fields["x-acs-retry-attempts"])
    assert.equal("1", second.fields["x-acs-retry-attempts"])
    assert.equal("2", third.fields["x-acs-retry-attempts"])
    -- the delay is what it waited since the attempt before failed
    local delay = second.at - (first.sent_ns + 3000e6)
    assert.equal(("%d"):format(math.floor(delay / 1e6)), second.fields["x-acs-retry-delay"])
    for _, name in ipairs { "x-acs-retry-attempts", "x-acs-retry-delay" } do
      assert.truthy(second.fields.authorization:find("[=;]" .. name:gsub("%-", "%%-") .. "[;,]"))
    end
    assert.same({ calls = 3, serials = 3, throttled = 0, retries = 2, failed = 0 }, w.loop.counters)
  end)

  local rows = {
    -- what comes of each attempt, calls, class, code, message
    { { class = "network", message = "cas: connection refused" }, 4, "network", "NoReply",
      "cas: connection refused (tried 4 times)" },
    { { class = "network", refused = "tls", message = "cas: TLS: expired" }, 1, "network", "TLSRefused",
      "cas: TLS: expired" },
    { { class = "limit", message = "cas: too large" }, 1, "limit", "ReplyRefused", "cas: too large" },
    { { class = "protocol", message = "cas: the reply is not HTTP" }, 1, "protocol", "ReplyRefused",
      "cas: the reply is not HTTP" },
    { world.refusal(503, "ServiceUnavailable", "Busy."), 4, "server", "ServiceUnavailable",
      "the service answered ServiceUnavailable (HTTP 503): Busy. (tried 4 times)" },
    { world.refusal(500, "InternalError", "Oops."), 4, "server", "InternalError",
      "the service answered InternalError (HTTP 500): Oops. (tried 4 times)" },
    { { status = 502, body = HTML }, 4, "server", "HTTP502",
      "expected a JSON object from the service, found 56 bytes: <html><head><title>502 Bad Gateway</titl... (HTTP 502)"
      .. " (tried 4 times)" },
    { { body = '{"RequestId":"A","CertificateStatus":[{"Ser' }, 4, "protocol", "InvalidReply",
      "expected a JSON object from the service, found 43 bytes: {\"RequestId\":\"A\",\"CertificateStatus\":[{\"... "
      .. "(HTTP 200) (tried 4 times)" },
    { world.refusal(400, "InvalidParameter", "Bad."), 1, "argument", "InvalidParameter",
      "the service answered InvalidParameter (HTTP 400): Bad." },
    { world.refusal(403, "NoPermission", "You may not."), 1, "denied", "NoPermission",
      "the service answered NoPermission (HTTP 403): You may not." },
    { { status = 302, headers = { location = "https://elsewhere/" }, body = "" }, 1, "protocol", "InvalidReply",
      "expected a JSON object from the service, found an empty body (HTTP 302)" },
    { world.reply { Code = "Nothing.Known", Message = "Hm." }, 1, "protocol", "Nothing.Known",
      "the service answered Nothing.Known (HTTP 200): Hm." },
  }
  for _, row in ipairs(rows) do
    it(("ends as %s, %s after %d attempts"):format(row[3], row[4], row[2]), function()
      local w = world.new { answer = function() return row[1] end }
      local call = w:call()
      assert.is_nil(call.reply)
      assert.equal("DescribeClientCertificateStatusForSerialNumber: " .. row[5], call.message)
      assert.equal(row[3], call.info.class)
      assert.equal(row[4], call.info.code)
      assert.equal(row[2], #w.net.started)
      assert.equal(1, w.loop.counters.failed)
      assert.equal(0, w.net:live())
    end)
  end

  it("waits for the retry budget when everything fails, so that a dead service is not hammered", function()
    local w = world.new { answer = function() return { class = "network" } end, rate = 100, timeout = 300 }
    local calls = {}
    for i = 1, 10 do calls[i] = w:submit() end
    for _, call in ipairs(calls) do w.loop:wait(function() return call.done end) end
    assert.equal(40, #w.net.started)
    -- thirty retries: ten are in the budget, then one each two seconds
    assert.truthy(w:ms() >= 38000, w:ms())
    local delayed = 0
    for _, request in ipairs(w.net.started) do
      delayed = math.max(delayed, tonumber(request.fields["x-acs-retry-delay"] or 0))
    end
    assert.truthy(delayed >= 2000)
  end)

  it("pays for the retries that it makes, and for no more", function()
    local w = world.new { answer = function() return { class = "network" } end, rate = 100 }
    local paid, retry = 0, w.quota.retry
    w.loop.quota = setmetatable({ retry = function(_, ...)
      paid = paid + 1
      return retry(w.quota, ...)
    end }, { __index = function(_, name) return function(_, ...) return w.quota[name](w.quota, ...) end end })
    w:call()
    assert.equal(4, #w.net.started)
    assert.equal(3, paid)
  end)

  it("takes nothing from the retry budget where its time is too short to wait for it", function()
    local w = world.new { answer = function() return { class = "network" } end, rate = 100, timeout = 1 }
    for _ = 1, 10 do w:call() end
    -- one retry each two seconds, and the second that a call may have gone into debt
    local wait_ns = w.quota:retry(w.clock.now)
    assert.truthy(wait_ns <= 3e9, wait_ns)
  end)
end)

describe("loop: too late for its permit", function()
  it("it is not sent, its permit is given back, and it holds the next one for twice as long", function()
    local plans = { { sent_ms = 400 }, { sent_ms = 600 }, world.reply({}, { sent_ms = 900 }) }
    local w = world.new { answer = in_turn(plans) }
    assert.truthy(w:call().reply)
    local holds = {}
    for i, request in ipairs(w.net.started) do
      holds[i] = math.floor((request.not_after_ns - request.at) / 1e6)
    end
    assert.same({ 250, 500, 1000 }, holds)
    assert.is_nil(w.net.started[2].sent_ns)
    assert.equal(1, w.loop.counters.calls)
    assert.equal(1, w:booked(10))
  end)

  it("seven times, it is given up: nothing was sent", function()
    local w = world.new { answer = function() return { sent_ms = 61000 } end, timeout = 600 }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: fake: not sent, its time to leave had passed"
      .. " (tried 7 times)", call.message)
    assert.equal("deadline", call.info.class)
    local holds = {}
    for i, request in ipairs(w.net.started) do
      holds[i] = math.floor((request.not_after_ns - request.at) / 1e6)
    end
    assert.same({ 250, 500, 1000, 2000, 4000, 8000, 16000 }, holds)
    assert.equal(0, w.loop.counters.calls)
    assert.equal(0, w:booked(10))
  end)

  it("does not count as a retry", function()
    local w = world.new { answer = in_turn { { sent_ms = 400 }, world.reply {} } }
    w:call()
    assert.is_nil(w.net.started[2].fields["x-acs-retry-attempts"])
  end)
end)

-- So many calls are under way at a time, for so many seconds.
local function keep_asking(w, n, seconds)
  local calls = {}
  w.loop:wait(function()
    for i = 1, n do
      if not calls[i] or calls[i].done then calls[i] = w:submit(nil, "audit") end
    end
    return w:ms() >= seconds * 1000
  end)
end

describe("loop: a connection", function()
  local DEAD = { class = "network", message = "fake: can't connect" }

  it("is opened before a permit is asked for, so that the call leaves with it", function()
    local w = world.new { answer = good, connect = function() return { ms = 4000 } end }
    local asked
    with_quota(w, { take = function(take, ...)
      asked = asked or w.clock.now
      return take(...)
    end })
    assert.truthy(w:call().reply)
    assert.equal(1, #w.net.opened)
    assert.equal(4000, (asked - w.net.opened[1]) / 1e6)
    assert.equal(4001, (w.net.started[1].sent_ns - w.net.opened[1]) / 1e6)
  end)

  it("that is kept serves the next call", function()
    local w = world.new { answer = good, connect = function() end }
    for _ = 1, 5 do w:call() end
    assert.equal(1, #w.net.opened)
  end)

  it("of each call, new and 150 ms in the making, costs nothing of the quota", function()
    local w = world.new {
      connect = function() return { ms = 150 } end,
      answer = function(request)
        local plan = good(request)
        plan.close = true
        return plan
      end,
    }
    keep_asking(w, 16, 60)
    assert.is_true(w.loop.counters.calls > 60 * 10 / 1.1 * 0.98, w.loop.counters.calls)
    assert.is_true(w:densest(1000) <= 10)
    assert.is_true(#w.net.opened <= #w.net.started + 10)
  end)

  it("is opened for ten calls that wait, and for no more", function()
    for n = 1, 16 do
      local w = world.new { answer = good, connect = function() return { ms = 150 } end }
      local calls = {}
      for i = 1, n do calls[i] = w:submit() end
      w.loop:wait(function() return w:ms() >= 100 end)
      assert.equal(math.min(#calls, 10), #w.net.opened)
    end
  end)

  -- Forty calls, each answered after so long: how many connections that takes, and the milliseconds.
  local function forty(reply_ms)
    local w = world.new {
      connect = function() return { ms = 50 } end,
      answer = function(request)
        local plan = good(request)
        plan.ms = reply_ms
        return plan
      end,
    }
    local calls = {}
    for i = 1, 40 do calls[i] = w:submit() end
    w.loop:wait(function()
      for _, call in ipairs(calls) do
        if not call.done then return false end
      end
      return true
    end)
    return #w.net.opened, w:ms()
  end

  it("is not opened where one comes back before the next permit, and is where none does", function()
    assert.equal(10, (forty(20)))
    assert.equal(10, (forty(900)))
    local opened, ms = forty(4500)
    assert.equal(40, opened)
    assert.is_true(ms < 4500 + 3 * 1350, ms) -- a guard of 250 ms at most, and a connection
  end)

  it("is not opened long before a pause is over", function()
    local w = world.new { answer = good, connect = function() return { ms = 150 } end }
    w.quota:pause(w.clock.now + 20e9, w.clock.now)
    local began = w.clock.now
    w.net.idle = 1 -- it hears of the pause over this one, which is gone when it is over
    local call = w:submit()
    w.loop:wait(function()
      if w:ms() > 10000 then w.net.idle = #w.net.opened > 0 and w.net.idle or 0 end
      return call.done
    end)
    assert.truthy(call.reply)
    assert.equal(1, #w.net.opened)
    local ms = (w.net.opened[1] - began) / 1e6
    assert.is_true(ms >= 18000 and ms < 19500, ms)
    assert.equal(20000, math.floor((w.net.started[1].at - began) / 1e6))
  end)

  it("that can't be opened is an attempt of the call that is next, and no permit", function()
    local events = {}
    local w = world.new { answer = good, connect = function() return DEAD end,
      on_call = function(event) events[#events + 1] = event end }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: fake: can't connect (tried 4 times)", call.message)
    assert.same({ class = "network", code = "NoReply" }, call.info)
    assert.equal(4, #w.net.opened)
    assert.equal(0, #w.net.started)
    assert.equal(0, w.loop.counters.calls)
    assert.equal(0, w:booked(10))
    assert.equal(4, #events)
    assert.same({ "retry", 4 }, { events[4].outcome, events[4].attempt })
    assert.is_nil(events[4].sent_ns)
  end)

  it("that can't be opened at first is opened again for the next attempt", function()
    local w = world.new { answer = good, connect = function(n) return n < 3 and DEAD or {} end }
    local call = w:call()
    assert.truthy(call.reply)
    assert.equal("2", w.net.started[1].fields["x-acs-retry-attempts"])
    assert.equal(2, w.loop.counters.retries)
  end)

  it("that takes longer than the call may does not keep it", function()
    local w = world.new { answer = good, timeout = 0.5, connect = function() return { ms = 5000 } end }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: no answer within 0.5 s; the last attempt: "
      .. "no connection", call.message)
    assert.same({ class = "deadline", code = "NoReply" }, call.info)
    assert.is_true(w:ms() >= 500 and w:ms() <= 550, w:ms())
  end)

  it("that the transport refuses to open ends the calls that wait for it", function()
    local w = world.new { connect = function() return { refuse = { "no memory", { class = "limit" } } } end }
    local other = w:submit()
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: no memory", call.message)
    assert.same({ class = "limit" }, call.info)
    assert.is_true(other.done)
  end)

  it("nobody wants any more is no call's matter when it fails", function()
    local w = world.new { answer = good, connect = function(n) return n == 1 and DEAD or { ms = 100 } end }
    w:submit()
    w.loop:turn()
    collectgarbage()
    collectgarbage()
    assert.truthy(w:call().reply)
    assert.equal(2, #w.net.opened)
  end)

  it("ends with the transport, and so do the calls that wait for it", function()
    local w = world.new { connect = function() return { ms = 100 } end }
    local call = w:submit()
    w.net.fails = { "epoll: no descriptors", { class = "limit" } }
    w.loop:turn()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: epoll: no descriptors", call.message)
  end)
end)

describe("loop: throttled", function()
  local function refusal(headers, status, code)
    return world.refusal(status or 400, code or "Throttling.User", "Slow down.", { headers = headers })
  end
  local rows = {
    -- what the service says, milliseconds until the next attempt
    { "x-acs-retry-after", refusal { ["x-acs-retry-after"] = "1500" }, 1500 },
    { "x-acs-retry-after before a code", refusal({ ["x-acs-retry-after"] = "700" }, 400, "Flow.Limit"), 700 },
    { "no header", refusal {}, 1000 },
    { "a code that has Throttling in it", refusal({}, 400, "Request.ThrottlingByUser"), 1000 },
    { "HTTP 429 without JSON", { status = 429, body = HTML }, 1000 },
    { "HTTP 429 with a header", { status = 429, body = "", headers = { ["x-acs-retry-after"] = "2500" } }, 2500 },
    { "a header that is no number", refusal { ["x-acs-retry-after"] = "soon" }, 1000 },
    { "a header of zero", refusal { ["x-acs-retry-after"] = "0" }, 1000 },
    { "a header below zero", refusal { ["x-acs-retry-after"] = "-1" }, 1000 },
    { "an empty header", refusal { ["x-acs-retry-after"] = "" }, 1000 },
    { "the older headers", refusal { ["x-ratelimit-user-api"] = "Limit:1,Remain:0,TimeLeft:2000,Reset:1234",
      ["x-ratelimit-user"] = "Limit:9,Remain:0,TimeLeft:3000,Reset:1" }, 3000 },
    { "an older header alone", refusal { ["x-ratelimit-user"] = "Limit:9,Remain:0,TimeLeft:1200,Reset:1" }, 1200 },
    { "the newer header before the older", refusal { ["x-acs-retry-after"] = "400",
      ["x-ratelimit-user"] = "Limit:9,Remain:0,TimeLeft:3000,Reset:1" }, 400 },
    { "503 with the header", refusal({ ["x-acs-retry-after"] = "900" }, 503, "ServiceUnavailable"), 900 },
    { "200 with the code", world.reply { Code = "Throttling.Api", Message = "Slow down." }, 1000 },
  }
  for _, row in ipairs(rows) do
    it("by " .. row[1] .. ", waits and is sent again", function()
      local w = world.new { answer = in_turn { row[2], world.reply {} } }
      local call = w:call()
      assert.truthy(call.reply)
      local waited = w.net.started[2].at - (w.net.started[1].sent_ns + 20e6)
      assert.equal(row[3], waited / 1e6)
      assert.same({ calls = 2, serials = 2, throttled = 1, retries = 1, failed = 0 }, w.loop.counters)
    end)
  end

  it("closes the gate for every other call of the quota", function()
    local w = world.new { answer = in_turn { refusal { ["x-acs-retry-after"] = "5000" }, world.reply {} } }
    local first = w:submit()
    w.loop:wait(function() return w.loop.counters.throttled == 1 end)
    local other = w:submit(nil, "gate")
    w.loop:wait(function() return first.done and other.done end)
    assert.truthy(other.reply)
    for i = 2, #w.net.started do assert.truthy(w.net.started[i].at >= w.net.started[1].sent_ns + 5020e6) end
  end)

  it("believes a delay of at most two minutes", function()
    for _, delay in ipairs { "120001", "1000000000000", "99999999999999999999" } do
      local w = world.new { answer = in_turn { refusal { ["x-acs-retry-after"] = delay }, world.reply {} },
        timeout = 600 }
      assert.truthy(w:call().reply)
      assert.equal(120e9, w.net.started[2].at - (w.net.started[1].sent_ns + 20e6))
    end
  end)

  it("beyond its deadline, says so at once", function()
    local w = world.new { answer = function() return refusal { ["x-acs-retry-after"] = "90000" } end }
    local call = w:call()
    assert.equal(world.STATUS .. ": no answer can come within 60 s, as nothing may be sent for 90 s; the last "
      .. "attempt: the service answered Throttling.User (HTTP 400): Slow down.", call.message)
    assert.same({ class = "deadline", code = "Throttling.User", http_status = 400, request_id = "REQUEST-1",
      retry_after = 90 }, call.info)
    assert.equal(1, #w.net.started)
    assert.equal(1, w.loop.counters.failed)
  end)

  it("in the audit lane, sits the longest delay out", function()
    local w = world.new { answer = function(request, n)
      return n == 1 and refusal { ["x-acs-retry-after"] = "120000" } or good(request)
    end }
    local first = w:submit(nil, "audit")
    w.loop:wait(function() return w.loop.counters.throttled == 1 end)
    local second = w:submit(nil, "audit")
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply and second.reply)
  end)

  it("twenty times, is sent once more and then given up", function()
    local w = world.new { answer = function() return refusal { ["x-acs-retry-after"] = "1" } end }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: the service answered Throttling.User (HTTP 400): "
      .. "Slow down. (tried 21 times)", call.message)
    assert.equal("throttled", call.info.class)
    assert.equal(0.001, call.info.retry_after)
    assert.equal(21, #w.net.started)
  end)
end)

describe("loop: a nonce that the service calls used", function()
  local used = world.refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
  it("is followed by one more attempt with another, at once", function()
    local w = world.new { answer = in_turn { used, world.reply {} } }
    assert.truthy(w:call().reply)
    assert.equal(2, #w.net.started)
    assert.truthy(w:ms() < 100)
  end)

  it("a second time, ends the call, which is no matter of credentials", function()
    local w = world.new { answer = function() return used end }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: the service answered SignatureNonceUsed (HTTP 400): "
      .. "Specified signature nonce was used already.", call.message)
    assert.equal("server", call.info.class)
    assert.equal(2, #w.net.started)
  end)
end)

describe("loop: a date that the service calls expired", function()
  local expired = "DescribeClientCertificateStatusForSerialNumber: the service answered InvalidTimeStamp.Expired "
    .. "(HTTP 400): Specified time stamp or date value is expired."

  it("is followed by one more attempt by the service's clock, which all later ones follow", function()
    local told = {}
    local w = world.new { answer = good, ahead = -86400, on_call = function(event) told[#told + 1] = event end }
    assert.truthy(w:call().reply)
    assert.truthy(w:call().reply)
    assert.equal(3, #w.net.started)
    assert.truthy(w:ms() < 200)
    assert.equal(-86400, w.loop.counters.clock_offset)
    assert.same({ -86400 }, { told[1].clock_offset, told[2].clock_offset, told[3].clock_offset })
    assert.same({ "again", "done" }, { told[1].outcome, told[2].outcome })
    assert.same({ "InvalidTimeStamp.Expired" }, { told[1].code })
  end)

  it("is corrected once for all calls on their way", function()
    local corrections = 0
    local w = world.new { answer = good, ahead = 3600, on_call = function(event)
      corrections = corrections + (event.clock_offset and 1 or 0)
    end }
    local first, second = w:submit(), w:submit()
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply and second.reply)
    assert.equal(4, #w.net.started)
    assert.equal(1, corrections)
  end)

  it("does not come again where the machine's clock is set right meanwhile, or wrong again", function()
    local w = world.new { answer = good, ahead = 3600 }
    w:call()
    local wall_ns = ipc.wall_ns
    for _, step in ipairs { 3600e9, -3600e9 } do
      ipc.wall_ns = function() return wall_ns() + step end
      assert.truthy(w:call().reply)
    end
    assert.equal(4, #w.net.started)
  end)

  it("ends the call where its answer is no word of the service's, or says nothing of use", function()
    local remote = { url = "http://cas.example.com", host = "cas.example.com" }
    local function with_date(date)
      return function() return world.refusal(400, "InvalidTimeStamp.Expired",
        "Specified time stamp or date value is expired.", { headers = { date = date } }) end
    end
    local rows = {
      { endpoint = remote, ahead = 3600 },
      { ahead = 11 * 365 * 86400 },
      { answer = with_date(nil) },
      { answer = with_date("Fri, 02 Jan 2026 03:05:05 GMT") }, -- a minute off
      { answer = with_date("2026-01-02T05:04:05Z") },
    }
    for _, row in ipairs(rows) do
      local w = world.new(row)
      local call = w:call()
      assert.equal(expired, call.message)
      assert.equal("denied", call.info.class)
      assert.is_true(call.info.any)
      assert.equal(1, #w.net.started)
      assert.is_nil(w.loop.counters.clock_offset)
    end
  end)

  it("a second time, ends the call", function()
    local w = world.new { answer = good, ahead = 3600 }
    assert.truthy(w:call().reply)
    w.ahead = 86400
    assert.equal(expired, w:call().message)
    assert.equal(3, #w.net.started)
    assert.equal(3600, w.loop.counters.clock_offset)
  end)
end)

describe("loop: a token that has expired", function()
  local expired = world.refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
  local text = "DescribeClientCertificateStatusForSerialNumber: the service answered InvalidSecurityToken.Expired "
    .. "(HTTP 400): Specified SecurityToken is expired."

  -- The service takes the tokens of these names.
  local function taking(valid)
    return function(request)
      return valid[request.fields["x-acs-security-token"]] and good(request) or expired
    end
  end

  local function fresh(token)
    return credentials.new { access_key_id = "STS.new", access_key_secret = "another", security_token = token }
  end

  -- Credentials with the token "old" at first; then what `renew` gives.
  local function new_world(answer, renew)
    local given, w = false, nil
    w = world.new { answer = answer, ask = function()
      if given then return renew(w) end
      given = true
      return credentials.new { access_key_id = "testid", access_key_secret = world.SECRET, security_token = "old" }
    end }
    w.secrets["STS.new"] = "another"
    return w
  end

  it("is renewed once for all calls on their way, and each is sent again", function()
    local renewals, answer = 0, taking { new = true }
    local function late(request, n)
      local plan = {}
      for name, value in pairs(answer(request)) do plan[name] = value end
      plan.ms = n == 2 and 500 or nil -- signed with the old one, and refused when there is a new one
      return plan
    end
    local w = new_world(late, function()
      renewals = renewals + 1
      return fresh("new")
    end)
    local first, second = w:submit(), w:submit()
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply and second.reply)
    assert.equal(1, renewals)
    assert.equal(4, #w.net.started)
    assert.truthy(w:call().reply)
    assert.equal(5, #w.net.started)
    assert.same({ calls = 5, serials = 5, throttled = 0, retries = 2, failed = 0 }, w.loop.counters)
  end)

  it("is renewed as often as tokens expire", function()
    local valid, renewals = { ["1"] = true }, 0
    local w = new_world(taking(valid), function()
      renewals = renewals + 1
      return fresh(("%d"):format(renewals))
    end)
    assert.truthy(w:call().reply)
    valid["1"], valid["2"] = nil, true
    assert.truthy(w:call().reply)
    assert.equal(2, renewals)
  end)

  it("holds what is not sent yet, while another is fetched", function()
    local w = new_world(taking { new = true }, function()
      return { request = {}, continue = function(reply) return reply and fresh(reply) end }
    end)
    local first = w:submit()
    w.loop:wait(function() return #w.fetch.begun == 1 end)
    local second, before = w:submit(), w:ms()
    w.loop:wait(function() return w:ms() > before + 100 end)
    assert.equal(1, #w.net.started)
    w.fetch:finish("new")
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply and second.reply)
    assert.equal(3, #w.net.started)
  end)

  it("ends the call where there is no other", function()
    local rows = {
      { function() return nil, "no credentials: tried environment", {} end, "no credentials: tried environment" },
      { function() return credentials.new { access_key_id = "testid", access_key_secret = "s",
          security_token = "old" } end,
        "the service refuses them, and those found anew are the same" },
    }
    for _, row in ipairs(rows) do
      local w = new_world(taking {}, row[1])
      local call = w:call()
      assert.equal(("%s (no new credentials: %s)"):format(text, row[2]), call.message)
      assert.equal("denied", call.info.class)
      assert.is_true(call.info.any)
      assert.equal(row[2], w:call().message:match(": (.*)$"))
      assert.equal(1, #w.net.started)
    end
  end)

  it("a second time, ends the call", function()
    local w = new_world(taking {}, function() return fresh("new") end)
    assert.equal(text, w:call().message)
    assert.equal(2, #w.net.started)
  end)
end)

describe("loop: credentials that have to be fetched", function()
  local function step(seconds)
    return { request = {}, continue = function(reply, why)
      if not reply then return nil, why, { class = "denied", code = "NoCredentials" } end
      return credentials.new { access_key_id = "testid", access_key_secret = world.SECRET, security_token = reply,
        expires_in = seconds }
    end }
  end

  it("hold every call until they are there", function()
    local w = world.new { answer = good, ask = function() return step(1000) end }
    local call = w:submit()
    w.loop:wait(function() return w:ms() >= 200 end)
    assert.equal(0, #w.net.started)
    w.fetch:finish("one")
    w.loop:wait(function() return call.done end)
    assert.truthy(call.reply)
  end)

  it("end the calls where there are none, and are tried again a moment later", function()
    local w = world.new { answer = good, ask = function() return step() end }
    w.loop:turn()
    w.fetch:finish(nil, "STS: no reply")
    local call = w:call()
    assert.equal(world.STATUS .. ": STS: no reply", call.message)
    assert.same({ class = "denied", code = "NoCredentials", any = true }, call.info)
    assert.equal(world.STATUS .. ": STS: no reply", w:call().message)
    assert.equal(1, #w.fetch.begun)
    w.clock.now = w.clock.now + 1e9
    call = w:submit()
    w.loop:turn()
    w.fetch:finish("one")
    w.loop:wait(function() return call.done end)
    assert.truthy(call.reply)
    assert.equal(0, #w.net.started - 1)
  end)

  it("end a call whose time is over before they come", function()
    local w = world.new { answer = good, timeout = 2, ask = function() return step() end }
    assert.equal(world.STATUS .. ": no answer within 2 s", w:call().message)
    assert.equal(1995, w:ms()) -- it is not worth waiting for the last 5 ms
  end)

  it("are fetched anew while calls go on with the old ones", function()
    local w = world.new { answer = good, ask = function() return step(1000) end }
    w.loop:turn()
    w.fetch:finish("one")
    assert.truthy(w:call().reply)
    w.clock.now = w.clock.now + 750e9
    assert.truthy(w:call().reply)
    assert.equal(2, #w.fetch.begun)
    w.fetch:finish("two")
    assert.truthy(w:call().reply)
    assert.same({ "one", "one", "two" }, { w.net.started[1].fields["x-acs-security-token"],
      w.net.started[2].fields["x-acs-security-token"], w.net.started[3].fields["x-acs-security-token"] })
  end)

  it("are asked for again where a host has killed who was asking", function()
    local w = world.new { answer = good, ask = function() return step(1000) end }
    local call = w:submit()
    w.loop:turn()
    w.loop:enter() -- and never leaves
    w.clock.now = w.clock.now + 5e9 + 1
    w.loop:turn()
    assert.equal(1, w.fetch.stopped)
    w.loop:turn()
    assert.equal(2, #w.fetch.begun)
    w.fetch:finish("one")
    w.loop:wait(function() return call.done end)
    assert.truthy(call.reply)
  end)

  it("are let go with the client", function()
    local w = world.new { answer = good, ask = function() return step(1000) end }
    local call = w:submit()
    w.loop:close()
    assert.equal("the client was closed", call.message)
    assert.equal(1, w.fetch.closed)
  end)
end)

describe("loop: time", function()
  it("ends a call that is not answered", function()
    local w = world.new { answer = function() return { ms = 1e9 } end, timeout = 5 }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: no answer within 5 s; the last attempt: "
      .. "fake: timed out", call.message)
    assert.same({ class = "deadline", code = "NoReply" }, call.info)
    assert.equal(5000, w:ms())
  end)

  it("ends a call that gets no permit in time, as soon as that is known", function()
    local w = world.new { answer = good, rate = 1, timeout = 0.5 }
    w:call()
    local call = w:call()
    assert.equal(world.STATUS .. ": no answer can come within 0.5 s, as nothing may be sent for 1.08 s", call.message)
    assert.equal(1.08, call.info.retry_after)
    assert.equal("deadline DeadlineExceeded", call.info.class .. " " .. call.info.code)
    assert.equal(1, #w.net.started)
    assert.truthy(w:ms() < 500)
  end)

  it("ends those that wait behind it too, and leaves those that can wait longer", function()
    local w = world.new { answer = good, rate = 1, timeout = 0.5 }
    local calls = { w:submit(), w:submit(), w:submit(nil, "audit"), w:submit() }
    w.loop:wait(function() return calls[1].done and calls[2].done and calls[3].done and calls[4].done end)
    assert.truthy(calls[1].reply)
    assert.equal("deadline", calls[2].info.class)
    assert.truthy(calls[3].reply)
    assert.equal("deadline", calls[4].info.class)
  end)

  it("of a call in the audit lane is not measured by how long its reader is away", function()
    local w = world.new { answer = good }
    local calls = {}
    for i = 1, 16 do calls[i] = w:submit(nil, "audit") end
    w.loop:wait(function() return calls[1].done end)
    w.clock.now = w.clock.now + 3600 * 1000000000
    w.loop:wait(function() return calls[16].done end)
    for i = 1, 16 do assert.truthy(calls[i].reply, calls[i].message) end
  end)
end)

describe("loop: permits", function()
  it("are as many as there are arrivals, and never more than the rate in any window", function()
    local latency = 0
    local w = world.new { answer = function(request, n)
      latency = latency + 37
      if n % 7 == 0 then return { class = "network", ms = latency % 200 } end
      if n % 11 == 0 then return { sent_ms = 300 } end
      local plan = good(request)
      plan.sent_ms, plan.ms = latency % 90, latency % 400
      return plan
    end, timeout = 300 }
    local calls = {}
    for i = 1, 60 do calls[i] = w:submit(nil, i % 3 == 0 and "gate" or "interactive") end
    for _, call in ipairs(calls) do w.loop:wait(function() return call.done end) end
    for _, call in ipairs(calls) do assert.truthy(call.reply, call.message) end
    local sent = 0
    for _, request in ipairs(w.net.started) do sent = sent + (request.sent_ns and 1 or 0) end
    assert.equal(w.loop.counters.calls, sent)
    assert.truthy(w:densest(1000) <= 10, w:densest(1000))
  end)

  it("come back where nothing has left", function()
    for _, answer in ipairs {
      { sent_ms = false, class = "limit" }, -- what ends at once
      { refuse = { "no memory", { class = "limit" } } },
    } do
      local w = world.new { answer = function() return answer end }
      w:call()
      assert.equal(0, w:booked(10))
      assert.equal(0, w.loop.counters.calls)
    end
  end)

  it("stay spent where something has left, whatever came of it", function()
    for _, answer in ipairs {
      { class = "limit" }, { class = "protocol" }, world.refusal(400, "InvalidParameter"), world.reply {},
    } do
      local w = world.new { answer = function() return answer end }
      w:call()
      assert.equal(1, w:booked(10))
      assert.equal(1, w.loop.counters.calls)
    end
  end)

  it("are booked at the time the first byte left", function()
    local w = world.new { answer = good, rate = 1, guard_ns = 0 }
    w:call()
    w:call()
    assert.equal(1000e6, math.floor((w.net.started[2].at - w.net.started[1].sent_ns) / 1e6) * 1e6)
  end)

  it("of a call that is taken back while it may be leaving stays booked until it can't leave any more", function()
    local w = world.new { answer = function() return { sent_ms = 100 } end, rate = 1, guard_ns = 0 }
    local call = w:submit()
    w.loop:turn()
    w.loop:cancel(call)
    assert.equal(0, w.net:live())
    assert.equal(1, w:booked(1))
    w.clock.now = w.clock.now + 1251000000
    assert.equal(0, w:booked(1))
  end)
end)

describe("loop: the quota", function()
  it("is told when the step is over in which a call left", function()
    local told
    local w = with_quota(world.new { answer = in_turn { world.reply({}, { step_ms = 7 }) } }, {
      sent = function(sent, permit, left_ns)
        told = left_ns
        return sent(permit, left_ns)
      end,
    })
    assert.truthy(w:call().reply)
    assert.equal(w.net.started[1].sent_ns + 7e6, told)
  end)

  it("is told how long replies take", function()
    local told = {}
    local w = with_quota(world.new { answer = in_turn { { ms = 70, class = "network" }, { ms = 130, body = "?" },
      world.reply({}, { ms = 50 }) } }, {
      replied = function(_, sent_ns, first_byte_ns) told[#told + 1] = (first_byte_ns - sent_ns) / 1e6 end,
    })
    assert.truthy(w:call().reply)
    assert.same({ 130, 50 }, told)
  end)

  it("is told of a throttle, when it ends and when it came", function()
    local told
    local w = with_quota(world.new { answer = in_turn { world.refusal(400, "Throttling"), world.reply {} } }, {
      pause = function(pause, until_ns, now_ns)
        told = until_ns - now_ns
        return pause(until_ns, now_ns)
      end,
    })
    w:call()
    assert.equal(1e9, told)
  end)

  it("that can't be used ends the call with what it says", function()
    local w = with_quota(world.new { answer = good }, {
      take = function() return nil, "the quota file is a folder", { class = "argument", code = "QuotaFile" } end,
    })
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: the quota file is a folder", call.message)
    assert.equal("argument", call.info.class)
    assert.equal("QuotaFile", call.info.code)
    assert.equal(0, #w.net.started)
    assert.truthy(w.loop.engine:due(w.clock.now) == nil)
  end)

  it("is looked at again soon, where it could not write yet", function()
    local busy, pauses = 3, {}
    local w = with_quota(world.new { answer = good }, {
      flush = function()
        busy = busy - 1
        return busy < 0
      end,
    })
    local pause = w.host.pause
    w.host.pause = function(net, ns)
      pauses[#pauses + 1] = ns
      return pause(net, ns)
    end
    w:call()
    assert.same({ 0, 1e6, 1e6, 1e9 }, { pauses[1], pauses[2], pauses[3], pauses[4] })
  end)
end)

describe("loop: a request that can't be started", function()
  it("ends its call with what the transport says", function()
    local w = world.new { answer = function() return { refuse = { "out of memory for the request",
      { class = "limit" } } } end }
    local call = w:call()
    assert.equal("DescribeClientCertificateStatusForSerialNumber: out of memory for the request", call.message)
    assert.same({ class = "limit" }, call.info)
    assert.equal(1, w.loop.counters.failed)
    assert.equal(1, #w.net.started)
  end)

  it("ends its call where it can't be signed", function()
    local w = world.new()
    local call = w.loop:submit("List\nAll", "2020-06-30", {}, "interactive")
    w.loop:wait(function() return call.done end)
    assert.is_nil(call.reply)
    assert.equal("argument", call.info.class)
    assert.equal(0, #w.net.started)
    assert.equal(0, w:booked(10))
  end)
end)

describe("loop: a transport that fails", function()
  it("ends the calls on their way, and does not raise", function()
    local w = world.new { answer = good }
    local call = w:submit()
    w.loop:turn()
    w.net.fails = { "epoll_create1: too many open files", { class = "limit" } }
    w.loop:wait(function() return call.done end)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: epoll_create1: too many open files", call.message)
    assert.same({ class = "limit" }, call.info)
    w.net.fails = nil
    assert.truthy(w:call().reply)
  end)
end)

describe("loop: who waits", function()
  it("gets what another's turn has settled", function()
    local w = world.new { answer = good }
    local mine, others = w:submit(), w:submit()
    w.loop:wait(function() return mine.done and others.done end)
    assert.truthy(mine.reply and others.reply)
  end)

  it("never spins, whatever happens", function()
    -- the fake net raises when a thousand steps in a row move nothing
    local w = world.new { rate = 2, timeout = 400, answer = function(request, n)
      local plans = { { class = "network" }, world.refusal(400, "Throttling"), { sent_ms = 260 },
        world.refusal(400, "SignatureNonceUsed"), world.refusal(503, "ServiceUnavailable"), good(request) }
      return plans[n % 6 + 1]
    end }
    local calls = {}
    for i = 1, 20 do calls[i] = w:submit(nil, ({ "gate", "interactive", "audit" })[i % 3 + 1]) end
    for _, call in ipairs(calls) do w.loop:wait(function() return call.done end) end
    assert.equal(0, w.net:live())
  end)

  it("in a higher lane goes first", function()
    local w = world.new { answer = good, rate = 1 }
    w:call()
    local order = {}
    local audit, interactive, gate = w:submit({ SerialNumber = "aa" }, "audit"), w:submit({ SerialNumber = "bb" }),
      w:submit({ SerialNumber = "cc" }, "gate")
    w.loop:wait(function() return audit.done and interactive.done and gate.done end)
    for i = 2, 4 do order[#order + 1] = w.net.started[i].query.SerialNumber end
    assert.same({ "cc", "bb", "aa" }, order)
  end)

  it("in a lower lane starves behind none, though the higher one never runs dry", function()
    local w = world.new { answer = good }
    local calls, audit = {}, nil
    w.loop:wait(function()
      for i = 1, 12 do
        if not calls[i] or calls[i].done then calls[i] = w:submit(nil, "interactive") end
      end
      if w:ms() > 500 then audit = audit or w:submit(nil, "audit") end
      return audit and audit.done or w:ms() > 30000
    end)
    assert.is_true(audit.done)
    assert.is_true(w:ms() > 1000 and w:ms() < 4500, w:ms())
  end)

  it("and is gone, leaves nothing behind: its call is not sent", function()
    local w = world.new { answer = good, rate = 1 }
    w:call()
    for _ = 1, 5 do w:submit() end -- nobody holds them
    collectgarbage()
    collectgarbage()
    assert.truthy(w:call().reply)
    assert.equal(2, #w.net.started)
    w.clock.now = w.clock.now + 10000000000
    w.loop:turn()
    assert.equal(2, #w.net.started)
    assert.is_nil(next(w.loop.flying))
  end)

  it("and is gone while it is on its way, leaves the quota right and no retry", function()
    local w = world.new { answer = function(_, n)
      return n == 1 and { ms = 100, class = "network" } or world.reply {}
    end }
    w:submit()
    w.loop:turn()
    collectgarbage()
    collectgarbage()
    assert.truthy(w:call().reply)
    w.clock.now = w.clock.now + 10000000000
    w.loop:turn()
    w.loop:turn()
    assert.equal(2, #w.net.started)
    assert.equal(2, w.loop.counters.calls)
    assert.is_nil(next(w.loop.flying))
  end)
end)

describe("loop: a call that is taken back", function()
  it("is not sent, and not collected", function()
    local w = world.new { answer = good }
    w.loop:cancel(w:submit())
    w.loop:turn()
    assert.equal(0, #w.net.started)
    local on_its_way = w:submit()
    w.loop:turn()
    w.loop:cancel(on_its_way)
    w.loop:cancel(on_its_way)
    assert.truthy(w:call().reply)
    assert.is_false(on_its_way.done or false)
    assert.equal(0, w.net:live())
  end)

  it("only where it has not left, if so wanted", function()
    local w = world.new { answer = good }
    local call = w:submit()
    assert.is_true(w.loop:withdraw(call))
    call = w:submit()
    w.loop:turn()
    assert.is_true(w.loop:withdraw(call))
    call = w:submit()
    w.loop:turn()
    w.net:step(2000000)
    w.loop:turn()
    assert.is_false(w.loop:withdraw(call))
    w.loop:wait(function() return call.done end)
    assert.truthy(call.reply)
    assert.is_false(w.loop:withdraw(call))
  end)

  it("also where it waits for its next attempt", function()
    local w = world.new { answer = function() return world.refusal(400, "Throttling", "", {
      headers = { ["x-acs-retry-after"] = "9000" } }) end }
    local call = w:submit()
    w.loop:wait(function() return w.loop.counters.throttled == 1 end)
    assert.is_true(w.loop:withdraw(call))
  end)
end)

describe("loop: closed", function()
  it("ends every call, with class closed", function()
    local w = world.new { answer = good, rate = 1 }
    local flying, queued = w:submit(), w:submit()
    w.loop:turn()
    w.loop:close()
    w.loop:close()
    for _, call in ipairs { flying, queued } do
      assert.is_true(call.done)
      assert.equal("the client was closed", call.message)
      assert.same({ class = "closed", code = "Closed" }, call.info)
    end
    assert.is_true(w.net.closed)
  end)

  it("takes no more calls", function()
    local w = world.new { answer = good }
    w.loop:close()
    local call = w:call()
    assert.same({ class = "closed", code = "Closed" }, call.info)
    assert.is_false(w.loop:turn())
  end)

  it("by another coroutine while one waits, ends the wait", function()
    local w
    w = world.new { answer = good, host = {
      now_ns = function() return w.clock.now end,
      pause = function(net) net:step(500000); coroutine.yield() end,
    } }
    local call
    local waiter = coroutine.wrap(function() call = w:call() return "over" end)
    waiter()
    w.loop:close()
    assert.equal("over", waiter())
    assert.equal("closed", call.info.class)
  end)
end)

describe("loop: on_call", function()
  it("is told of each answer", function()
    local told = {}
    local w = world.new { answer = in_turn { world.refusal(503, "ServiceUnavailable"),
      { sent_ms = false, class = "network" }, { sent_ms = 300 }, world.reply {} },
      on_call = function(event) told[#told + 1] = event end }
    w:call()
    local shown = {}
    for i, event in ipairs(told) do
      shown[i] = ("%s %s %s %s"):format(event.attempt, event.outcome, tostring(event.http_status), tostring(event.code))
      assert.equal("DescribeClientCertificateStatusForSerialNumber", event.operation)
      assert.equal(1, event.serials)
      assert.is_false(event.new_connection)
    end
    assert.same({ "1 retry 503 ServiceUnavailable", "2 retry nil NoReply", "3 done 200 nil" }, shown)
    assert.equal(20e6, told[1].done_ns - told[1].sent_ns)
    assert.is_nil(told[2].sent_ns)
  end)

  it("may itself make calls", function()
    local w, inner
    w = world.new { answer = good, on_call = function()
      if not inner then
        inner = {}
        inner = w:call()
      end
    end }
    assert.truthy(w:call().reply)
    assert.truthy(inner.reply)
  end)

  it("may close the client", function()
    local w
    w = world.new { answer = good, on_call = function() w.loop:close() end }
    local first, second = w:submit(), w:submit()
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply)
  end)

  it("raises through the waiter, and the loop goes on", function()
    local n = 0
    local w = world.new { answer = good, on_call = function()
      n = n + 1
      if n == 1 then error({ "an object" }, 0) end
    end }
    local first, second = w:submit(), w:submit()
    local ok, problem = pcall(function() w.loop:wait(function() return first.done and second.done end) end)
    assert.is_false(ok)
    assert.same({ "an object" }, problem)
    w.loop:wait(function() return first.done and second.done end)
    assert.truthy(first.reply and second.reply)
    assert.equal(2, n)
  end)
end)

describe("loop: an error inside a turn", function()
  it("is raised, ends the calls on their way, and leaves the loop usable", function()
    local w = world.new { answer = good }
    local broken = w:submit(nil, nil, function() error("read is broken", 0) end)
    local ok, problem = pcall(function() w.loop:wait(function() return broken.done end) end)
    assert.is_false(ok)
    assert.equal("read is broken", problem)
    assert.is_true(broken.done)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: given up after an error in the client",
      broken.message)
    assert.same({ class = "closed", code = "Interrupted" }, broken.info)
    assert.truthy(w:call().reply)
    assert.is_nil(next(w.loop.flying))
  end)
end)

-- Lua 5.1 can't yield out of pcall, and no host preempts it.
local PREEMPTS = coroutine.wrap(function() return pcall(coroutine.yield, "yielded") end)() == "yielded"

-- A world whose host preempts the coroutine that runs wherever when() says so: in the clock, when a permit is taken,
-- and around every function of the net.
local function preempting(answer, when)
  local w
  local function cut()
    if when() then coroutine.yield("preempted") end
  end
  w = world.new { answer = answer, timeout = 300, host = {
    now_ns = function()
      cut()
      return w.clock.now
    end,
    pause = function(net)
      net:step(1000000)
      coroutine.yield("pause")
    end,
  } }
  with_quota(w, { take = function(take, ...)
    cut()
    return take(...)
  end })
  for _, name in ipairs { "start", "step", "collect", "drop" } do
    local method = w.net[name]
    w.net[name] = function(self, ...)
      cut()
      local a, b, c = method(self, ...)
      cut()
      return a, b, c
    end
  end
  return w
end

-- Numbers below n, the same ones each time (Numerical Recipes' generator).
local function generator(seed)
  return function(n)
    seed = (seed * 1664525 + 1013904223) % 4294967296
    return math.floor(seed / 65536) % n
  end
end

if PREEMPTS then
  describe("loop: a turn that the host cuts in two", function()
    it("is one caller's: who comes second goes on at once", function()
      local preempt = false
      local w = preempting(good, function() return preempt end)
      local call = w:submit()
      local first = coroutine.wrap(function() return w.loop:turn() end)
      preempt = true
      for _ = 1, 7 do assert.equal("preempted", first()) end -- it has started the call, and is stepping
      preempt = false
      assert.equal(1, #w.net.started)
      w:submit()
      assert.is_false(w.loop:turn())
      assert.equal(1, #w.net.started)
      assert.is_true(first())
      w.clock.now = w.clock.now + 30000000
      assert.is_true(w.loop:turn())
      assert.truthy(call.reply)
    end)

    it("for ever, because it kills the coroutine, does not stop the others", function()
      local preempt = false
      local w = preempting(good, function() return preempt end)
      local lost = w:submit()
      local killed = coroutine.wrap(function() return w.loop:turn() end)
      preempt = true
      for _ = 1, 7 do killed() end
      preempt = false
      local call = w:submit()
      assert.is_false(w.loop:turn())
      w.clock.now = w.clock.now + 5000000000
      assert.is_false(w.loop:turn())
      w.clock.now = w.clock.now + 1
      assert.is_true(w.loop:turn())
      assert.equal("DescribeClientCertificateStatusForSerialNumber: given up, because the host ended a coroutine in "
        .. "the middle of it", lost.message)
      assert.same({ class = "closed", code = "Interrupted" }, lost.info)
      for _ = 1, 2 do
        w.clock.now = w.clock.now + 30000000
        assert.is_true(w.loop:turn())
      end
      assert.truthy(call.reply)
    end)

    it("just when it has been taken, after an hour in which there was none, is not taken over", function()
      local w = preempting(good, function() return false end)
      w.loop:turn()
      w.clock.now = w.clock.now + 3600000000000
      table.remove(w.loop.turn_token)
      assert.is_false(w.loop:turn())
      w.clock.now = w.clock.now + 5000000000
      assert.is_false(w.loop:turn())
      w.clock.now = w.clock.now + 1
      assert.is_true(w.loop:turn())
      assert.is_true(w.loop:turn())
    end)

    -- act(w, call) while a turn is cut for the n-th time; then the turn goes on
    local function meanwhile(n, act)
      local left = 0
      local w = preempting(good, function()
        left = left - 1
        return left == 0
      end)
      local call = w:submit()
      local first = coroutine.wrap(function() return w.loop:turn() end)
      left = n
      local outcome = first()
      left = 0
      act(w, call)
      if outcome == "preempted" then assert.is_true(first()) end
      return w, call
    end

    it("does not send a call that is taken back meanwhile, and gives its permit back", function()
      for n = 1, 9 do
        local w = meanwhile(n, function(w, call) w.loop:cancel(call) end)
        if n <= 3 then -- before the turn has its permit
          assert.equal(0, #w.net.started)
          assert.equal(0, w:booked(10))
        end
        w.clock.now = w.clock.now + 30000000
        w.loop:turn()
        assert.is_nil(next(w.loop.flying))
        assert.equal(0, w.net:live())
      end
    end)

    it("does not raise where the client is closed meanwhile", function()
      for n = 1, 9 do
        local w, call = meanwhile(n, function(w) w.loop:close() end)
        assert.same({ class = "closed", code = "Closed" }, call.info)
        assert.is_false(w.loop:turn())
      end
    end)

    it("anywhere, among many others, leaves each call answered once and the quota kept", function()
      for seed = 1, 20 do
        local draw, started = generator(seed), false
        local w = preempting(function(request, n)
          if n % 5 == 0 then return { class = "network", ms = 5 } end
          if n % 7 == 0 then return { sent_ms = 260 } end
          return good(request)
        end, function() return started and draw(3) == 0 end)
        local threads, answered = {}, 0
        for i = 1, 8 do
          threads[i] = coroutine.create(function()
            for _ = 1, 4 do
              local call = w:call()
              assert(call.reply, call.message)
              answered = answered + 1
            end
          end)
        end
        started = true
        while #threads > 0 do
          local i = draw(#threads) + 1
          local ok, problem = coroutine.resume(threads[i])
          assert(ok, problem)
          if coroutine.status(threads[i]) == "dead" then table.remove(threads, i) end
          w.clock.now = w.clock.now + 20000
        end
        started = false
        assert.equal(32, answered)
        assert.truthy(w:densest(1000) <= 10)
        assert.equal(0, w.net:live())
        assert.is_nil(next(w.loop.flying))
      end
    end)
  end)
end

describe("loop: a turn whose coroutine the host kills", function()
  local NO_REPLY, LIMIT = { class = "network", ms = 5 }, { "no", { class = "limit" } }
  local EXPIRED = world.refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")

  -- Runs f until it has taken n instructions, each of which raises from then on, so that no pcall keeps it; returns
  -- whether it came to its end before.
  local function kill_at(n, f)
    local killed = coroutine.create(f)
    local function kill()
      if coroutine.running() ~= killed then return end -- LuaJIT has one hook for all
      debug.sethook(killed, kill, "", 1)
      error("killed", 0)
    end
    debug.sethook(killed, kill, "", n)
    local ended = coroutine.resume(killed)
    debug.sethook()
    return ended
  end

  -- Calls for another token, once.
  local function with_renewal()
    local n = 0
    return { answer = function(request)
      return request.fields["x-acs-security-token"] == "1" and EXPIRED or good(request)
    end, ask = function()
      n = n + 1
      return credentials.new { access_key_id = "testid", access_key_secret = world.SECRET,
        security_token = ("%d"):format(n) }
    end }
  end

  local function always(options) return function() return options end end

  -- What the turn meets, options of the world, how many calls there are, and the millisecond in which it is killed.
  local rows = {
    { "calls to send", always { answer = good }, 2, 0 },
    { "answers", always { answer = good }, 3, 21 },
    { "attempts that have failed", always { answer = always(NO_REPLY) }, 2, 6 },
    { "a refusal", always { answer = always(world.refusal(403, "Forbidden.RAM")) }, 2, 21 },
    { "a throttle", always { answer = in_turn { world.refusal(429, "Throttling.User"), world.reply {} } }, 2, 21 },
    { "calls that ask for another token", with_renewal, 2, 21 },
    { "a call whose time is over", always { answer = always { ms = 4000 }, rate = 1, timeout = 0.1 }, 3, 100 },
    { "a connection that can't be opened", always { answer = good, connect = function(n)
      return n == 1 and NO_REPLY or {}
    end }, 2, 5 },
    { "connections that are refused", always { answer = good, connect = always { refuse = LIMIT } }, 2, 0 },
    { "a request that can't be started", always { answer = always { refuse = LIMIT } }, 2, 0 },
  }

  -- Kills the turn at its n-th instruction; returns whether it had come to its end before.
  local function survive(row, n)
    local options = row[2]()
    options.timeout = options.timeout or 20
    local w, calls = world.new(options), {}
    for i = 1, row[3] do calls[i] = w:submit() end
    for ms = 1, row[4] do
      w.loop:turn()
      w.host.pause(w.net, ms * 1e6 - w:ms() * 1e6)
    end
    local ended = kill_at(n, function() w.loop:turn() end)
    for i, call in ipairs(calls) do
      while not call.done do
        assert.is_true(w:ms() < 30000, ("call %d, killed at instruction %d"):format(i, n))
        w.clock.now = w.clock.now + 200e6
        w.loop:turn()
      end
      assert.truthy(call.reply or call.message)
    end
    return ended
  end

  for _, row in ipairs(rows) do
    it("at any instruction leaves no call without an end: " .. row[1], function()
      local n = 1
      while not survive(row, n) do n = n + 1 end
      assert.is_true(n > 100, n) -- LuaJIT counts none of what it has compiled
    end)
  end
end)

describe("loop.new", function()
  it("keeps no secret where something that walks tables would find it", function()
    local made = world.new { token = "canary-token", ask = function()
      return credentials.new { access_key_id = "id", access_key_secret = world.SECRET, security_token = "canary-token" }
    end }
    local function walk(value, seen)
      if type(value) == "string" then
        assert.falsy(value:find("canary", 1, true))
      elseif type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in pairs(value) do
          walk(k, seen)
          walk(v, seen)
        end
      end
    end
    walk(made.loop, {})
  end)

  it("has no id of a call twice", function()
    local w = world.new()
    local ids = {}
    for _ = 1, 500 do
      local call = w:submit()
      assert.is_nil(ids[call.id])
      ids[call.id] = call
    end
  end)
end)

describe("loop: who waits", function()
  it("can have a look at least once a second", function()
    local w = world.new { answer = good, rate = 1 }
    local looks, last, longest = 0, w.clock.now, 0
    w.loop.on_wait = function()
      looks, longest, last = looks + 1, math.max(longest, w.clock.now - last), w.clock.now
    end
    for _ = 1, 3 do
      local call = w:submit()
      w.loop:wait(function() return call.done end)
    end
    assert.is_true(looks >= 3)
    assert.is_true(longest <= 1e9, longest)
  end)

  it("may close the client when he looks", function()
    local w = world.new { answer = good }
    w.loop.on_wait = function() w.loop:close() end
    w.host.wait = function() error("a closed loop is turned") end
    assert.equal("closed", w:call().info.class)
  end)
end)
