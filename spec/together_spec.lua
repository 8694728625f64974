local audit = require "certstat.audit"
local batch = require "certstat.batch"
local together = require "certstat.together"
local world = require "spec.support.world"

-- certstat.net and the host are fakes; all else is real.
local made
package.loaded["certstat.net"] = { new = function() return made.net end }
package.loaded["certstat.host"] = { detect = function() return made.host end }
local certstat = require "certstat"

-- The answer that the i-th serial alone has.
local function time_of(i) return 1609459200 + i end

local function own_answer(serial) return { Status = "revoked", RevokeTime = time_of(tonumber(serial:sub(-8), 16)) } end

local function answer_own(request) return world.statuses(request, own_answer) end

-- A world whose host lets other callers run while one waits, and a client in it.
local function new_client(answer, options)
  local w
  options = options or {}
  w = world.new { answer = answer or answer_own, host = {
    now_ns = function() return w.clock.now end, may_wait = function() return true end,
    wait = function() coroutine.yield() end,
  } }
  made = w
  local client = assert(certstat.client {
    credentials = { access_key_id = "testid", access_key_secret = world.SECRET }, endpoint = "http://127.0.0.1:8080",
    getenv = function() end, quota = certstat.quota { rate = options.rate or 10 }, batch = options.batch,
    timeout = options.timeout, on_call = options.on_call,
  })
  return client, w
end

-- No permit is to be had, until the function that this returns is called.
local function hold_back(client)
  local take = client.loop.take
  client.loop.take = function() return 1e9 end
  return function() client.loop.take = take end
end

-- Starts a caller; returns its coroutine and what becomes of it: {rows =, message =, info =}.
local function ask(client, serials, options)
  local outcome = {}
  local thread = coroutine.create(function()
    outcome.rows, outcome.message, outcome.info = client:status(serials, options)
    outcome.done = true
  end)
  assert(coroutine.resume(thread))
  return thread, outcome
end

-- Goes on until all these callers are done.
local function run(client, threads)
  local w = made
  for _ = 1, 100000 do
    local waiting = false
    for _, thread in ipairs(threads) do
      if coroutine.status(thread) ~= "dead" then
        assert(coroutine.resume(thread))
        waiting = true
      end
    end
    if not waiting then return end
    w.net:step(client.loop:idle_ns())
    client.loop:turn()
  end
  error("they wait for ever")
end

-- Callers with one serial each, the first n ones, who ask while no permit is to be had; returns what becomes of them.
local function ask_each(client, n, options)
  local release, threads, outcomes = hold_back(client), {}, {}
  for i = 1, n do threads[i], outcomes[i] = ask(client, { world.serial(i) }, options) end
  release()
  run(client, threads)
  return outcomes
end

local function counts(w)
  local sizes = {}
  for i, request in ipairs(w.net.started) do sizes[i] = #world.serials(request) end
  return sizes
end

local function assert_own_rows(outcomes)
  for i, outcome in ipairs(outcomes) do
    assert.same({ { serial = world.serial(i), key = world.serial(i), item = { serial = world.serial(i) },
      status = "revoked", revoked_at = time_of(i) } }, outcome.rows)
  end
end

describe("together: callers at the same time", function()
  it("share calls, and each has its own row", function()
    local events = {}
    local client, w = new_client(nil, { on_call = function(event) events[#events + 1] = event.serials end })
    assert_own_rows(ask_each(client, 200))
    assert.same({ 50, 50, 50, 50 }, counts(w))
    assert.same({ 50, 50, 50, 50 }, events)
    assert.equal(200, client:counters().serials)
    assert.equal(4, client:counters().calls)
  end)

  it("leave at once while there are permits, and share what comes after", function()
    local client, w = new_client()
    local threads, outcomes = {}, {}
    for i = 1, 200 do threads[i], outcomes[i] = ask(client, { world.serial(i) }) end
    run(client, threads)
    assert_own_rows(outcomes)
    assert.same({ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 50, 50, 50, 40 }, counts(w))
  end)

  it("in different lanes do not", function()
    local client, w = new_client()
    local release, threads, outcomes = hold_back(client), {}, {}
    for i = 1, 10 do
      threads[i], outcomes[i] = ask(client, { world.serial(i) }, { lane = i % 2 == 0 and "gate" or "interactive" })
    end
    release()
    run(client, threads)
    assert_own_rows(outcomes)
    assert.same({ 5, 5 }, counts(w))
  end)

  it("ask for one serial once, unless they spell it in different ways", function()
    local client, w = new_client(function(request)
      return world.statuses(request, function(serial) return serial == "0A1" and "unknown" or "good" end)
    end)
    local release, threads, outcomes = hold_back(client), {}, {}
    for i, item in ipairs { "0a01", "0a:01", "0a01", { serial = "0a01", wire = "0A:01" } } do
      threads[i], outcomes[i] = ask(client, { item })
    end
    release()
    run(client, threads)
    for _, outcome in ipairs(outcomes) do assert.equal("good", outcome.rows[1].status) end
    local asked = {}
    for i, request in ipairs(w.net.started) do asked[i] = request.query.SerialNumber end
    table.sort(asked)
    assert.same({ "0A:01", "0a01" }, asked)
  end)

  it("are as many in a call as its URL has room for", function()
    local client, w = new_client(nil, { batch = 1000 })
    assert_own_rows(ask_each(client, 300))
    assert.same({ 192, 108 }, counts(w)) -- 36 characters and a comma of three: see certstat.batch
  end)

  it("ask the same serials again in each attempt", function()
    local client, w = new_client(function(request, n)
      if n == 1 then return { class = "network", ms = 5 } end
      return answer_own(request)
    end)
    assert_own_rows(ask_each(client, 20))
    assert.same({ 20, 20 }, counts(w))
    assert.equal(w.net.started[1].query.SerialNumber, w.net.started[2].query.SerialNumber)
  end)
end)

describe("together: a refused call", function()
  for _, row in ipairs { { 404, "NotFound" }, { 400, "InvalidParameter" } } do
    it(("because of one serial (%d) is asked again in halves, and harms nobody else"):format(row[1]), function()
      local bad = world.serial(7)
      local client, w = new_client(function(request)
        if request.query.SerialNumber:find(bad, 1, true) then return world.refusal(row[1], row[2]) end
        return answer_own(request)
      end)
      local outcomes = ask_each(client, 32)
      for i, outcome in ipairs(outcomes) do
        if i == 7 then
          assert.is_nil(outcome.rows)
          assert.equal(row[2], outcome.info.code)
          assert.equal(row[1], outcome.info.http_status)
        else
          assert.equal(time_of(i), outcome.rows[1].revoked_at)
        end
      end
      assert.equal(11, #w.net.started) -- 32, then two of each of 16, 8, 4, 2 and 1
      assert.equal(50, client.together.sizes.limit)
    end)
  end

  it("for its size makes shared calls smaller, and does not change what a batch may have", function()
    local client, w = new_client(function(request)
      if #world.serials(request) > 12 then return world.refusal(413, "TooLarge") end
      return answer_own(request)
    end)
    assert_own_rows(ask_each(client, 40))
    local calls = #w.net.started
    assert_own_rows(ask_each(client, 40))
    assert.is_true(#w.net.started - calls < calls)
    assert.equal(50, client.together.sizes.limit)
    assert.falsy(client.together.sizes.works)
  end)

  it("is asked again without those who come later", function()
    local bad = world.serial(7)
    local client, w = new_client(function(request)
      if request.query.SerialNumber:find(bad, 1, true) then return world.refusal(404, "NotFound") end
      return answer_own(request)
    end)
    local release, threads, outcomes = hold_back(client), {}, {}
    for i = 1, 9 do threads[i], outcomes[i] = ask(client, { world.serial(i) }) end
    release()
    w.clock.now = w.clock.now + 1000000000 -- when it looks for a permit again
    client.loop:turn()
    assert.same({ 9 }, counts(w))
    w.clock.now = w.clock.now + 30000000
    w.net:step(0)
    release = hold_back(client)
    client.loop:turn()
    for i = 1, 9 do assert(coroutine.resume(threads[i])) end
    threads[10], outcomes[10] = ask(client, { world.serial(10) })
    release()
    run(client, threads)
    assert.equal(time_of(10), outcomes[10].rows[1].revoked_at)
    local asked_for_it = 0
    for _, request in ipairs(w.net.started) do
      if request.query.SerialNumber:find(world.serial(10), 1, true) then
        asked_for_it = asked_for_it + 1
        assert.equal(world.serial(10), request.query.SerialNumber)
      end
    end
    assert.equal(1, asked_for_it)
  end)

  it("for what any call is refused for is everybody's", function()
    local client, w = new_client(function() return world.refusal(403, "NoPermission") end)
    for _, outcome in ipairs(ask_each(client, 20)) do assert.equal("NoPermission", outcome.info.code) end
    assert.equal(1, #w.net.started)
  end)
end)

describe("together: a deadline", function()
  it("of the first caller is not that of who joined later", function()
    local client, w = new_client(nil, { timeout = 10 })
    local release = hold_back(client)
    local first, early = ask(client, { world.serial(1) })
    w.clock.now = w.clock.now + 6000000000
    local second, late = ask(client, { world.serial(2) })
    assert.equal(2, #client.together.open.interactive.content.entries)
    w.clock.now = w.clock.now + 5000000000
    client.loop:turn()
    for _, thread in ipairs { first, second } do assert(coroutine.resume(thread)) end
    assert.equal("DescribeClientCertificateStatusForSerialNumber: no answer within 10 s", early.message)
    assert.falsy(late.done)
    release()
    run(client, { first, second })
    assert.equal(time_of(2), late.rows[1].revoked_at)
    assert.same({ 1 }, counts(w))
  end)

  it("is each caller's own also where nobody answers", function()
    local client, w = new_client(function() return { sent_ms = 1, ms = 60000 } end, { timeout = 4 })
    local release = hold_back(client)
    local began_ns = w.clock.now
    local first, early = ask(client, { world.serial(1) })
    w.clock.now = w.clock.now + 3000000000
    local second, late = ask(client, { world.serial(2) })
    release()
    run(client, { first, second })
    assert.equal("deadline", early.info.class)
    assert.equal("deadline", late.info.class)
    assert.truthy(late.message:find("no answer within 4 s", 1, true))
    assert.is_true(w.clock.now - began_ns >= 7000000000)
  end)

  it("that leaves no time for another attempt tells of the last one", function()
    local client, w = new_client(function() return { class = "network", ms = 2990 } end, { timeout = 4 })
    local release = hold_back(client)
    local first = ask(client, { world.serial(1) })
    w.clock.now = w.clock.now + 1000000
    local second, late = ask(client, { world.serial(2) })
    release()
    w.clock.now = w.clock.now + 1000000000 -- when it looks for a permit again
    client.loop:turn()
    hold_back(client)
    run(client, { first, second })
    assert.same({ 2 }, counts(w))
    assert.equal("DescribeClientCertificateStatusForSerialNumber: no answer within 4 s; the last attempt: "
      .. "fake: no reply", late.message)
    assert.equal("NoReply", late.info.code)
  end)

  it("is not later for who is asked for again", function()
    local client, w = new_client(nil, { timeout = 10 })
    hold_back(client)
    local first = ask(client, { world.serial(1) })
    w.clock.now = w.clock.now + 6000000000
    local second, late = ask(client, { world.serial(2) })
    w.clock.now = w.clock.now + 5000000000
    client.loop:turn()
    local third, latest = ask(client, { world.serial(3) })
    for _, thread in ipairs { first, second } do assert(coroutine.resume(thread)) end
    w.clock.now = w.clock.now + 5000000000
    client.loop:turn()
    for _, thread in ipairs { second, third } do assert(coroutine.resume(thread)) end
    assert.equal("deadline", late.info.class)
    assert.falsy(latest.done)
  end)
end)

describe("together: a caller that goes", function()
  local function tickets(rate)
    local w = world.new { answer = answer_own, rate = rate }
    local shared = together.new(w.loop, { limit = 50 })
    return w, shared, function(i)
      return shared:submit({ { key = world.serial(i), wire = world.serial(i) } }, "gate")
    end
  end

  it("takes back what it asked alone", function()
    local w, shared, submit = tickets()
    assert.is_true(shared:withdraw(submit(1)))
    local ticket = submit(2)
    w.loop:wait(function() return shared:is_done(ticket) end)
    assert.equal(time_of(2), ticket.reply[1].revoked_at)
    assert.same({ 1 }, counts(w))
  end)

  it("and takes back what it shares leaves the others' call as it is", function()
    local w, shared, submit = tickets()
    local first, second = submit(1), submit(2)
    assert.is_true(shared:withdraw(first))
    w.loop:wait(function() return shared:is_done(second) end)
    assert.equal(time_of(2), second.reply[1].revoked_at)
    assert.equal(1, #w.net.started)
    assert.is_false(shared:withdraw(second))
  end)

  it("believing that it was alone, while another one joined, makes that one ask again", function()
    local w, shared, submit = tickets()
    local first, second = submit(1), submit(2)
    w.loop:withdraw(first.joint.call)
    w.loop:wait(function() return shared:is_done(second) end)
    assert.equal(time_of(2), second.reply[1].revoked_at)
    assert.same({ 1 }, counts(w))
  end)

  it("because the host ends it, leaves the others their answers", function()
    local client, w = new_client()
    local release, threads, outcomes = hold_back(client), {}, {}
    for i = 1, 10 do threads[i], outcomes[i] = ask(client, { world.serial(i) }) end
    threads[1] = table.remove(threads)
    outcomes[1] = table.remove(outcomes)
    collectgarbage()
    collectgarbage()
    release()
    run(client, threads)
    for i, outcome in ipairs(outcomes) do assert.equal(time_of(i == 1 and 10 or i), outcome.rows[1].revoked_at) end
    assert.equal(1, #w.net.started)
  end)

  it("as the last one, takes the call with it", function()
    local w, _, submit = tickets()
    do
      local first, second = submit(1), submit(2)
      assert.equal(first.joint, second.joint)
    end
    collectgarbage()
    collectgarbage()
    w.loop:turn()
    assert.is_nil(next(w.loop.calls))
    assert.equal(0, #w.net.started)
  end)

  it("finds the client closed, as all do", function()
    local client = new_client()
    hold_back(client)
    local threads, outcomes = {}, {}
    for i = 1, 3 do threads[i], outcomes[i] = ask(client, { world.serial(i) }) end
    client:close()
    for _, thread in ipairs(threads) do assert(coroutine.resume(thread)) end
    for _, outcome in ipairs(outcomes) do
      assert.equal("the client was closed", outcome.message)
      assert.equal("closed", outcome.info.class)
    end
  end)
end)

-- Lua 5.1 can't yield out of pcall, and no host preempts it.
local PREEMPTS = coroutine.wrap(function() return pcall(coroutine.yield, "yielded") end)() == "yielded"

-- Numbers below n, the same ones each time (Numerical Recipes' generator).
local function generator(seed)
  return function(n)
    seed = (seed * 1664525 + 1013904223) % 4294967296
    return math.floor(seed / 65536) % n
  end
end

if PREEMPTS then
  describe("together: a caller that the host cuts in two", function()
    local real = { add = batch.add, fits = batch.fits, query = batch.query }

    after_each(function()
      for name, f in pairs(real) do batch[name] = f end
    end)

    -- A world in which whoever runs is preempted wherever when() says so: whenever the clock is read, before and after
    -- a serial is put into a call, and while a call's query is made.
    local function preempting(when)
      local w
      local function cut()
        if when() then coroutine.yield() end
      end
      w = world.new { answer = answer_own, timeout = 300, rate = 3, host = {
        now_ns = function()
          cut()
          return w.clock.now
        end,
        pause = function(net)
          net:step(1000000)
          coroutine.yield()
        end,
      } }
      for name, f in pairs(real) do
        batch[name] = function(...)
          cut()
          local a, b, c = f(...)
          cut()
          return a, b, c
        end
      end
      return w, together.new(w.loop, { limit = 5 })
    end

    local function entry(i) return { key = world.serial(i), wire = world.serial(i) } end

    it("while it joins a call, which leaves meanwhile, asks by itself", function()
      local cuts = math.huge
      local w, shared = preempting(function()
        cuts = cuts - 1
        return cuts == 0
      end)
      for n = 1, 6 do -- wherever it is cut
        local first, second = shared:submit({ entry(2 * n) }, "gate"), nil
        cuts = n
        local joiner = coroutine.create(function() second = shared:submit({ entry(2 * n + 1) }, "gate") end)
        assert(coroutine.resume(joiner))
        cuts = math.huge
        assert.equal("suspended", coroutine.status(joiner))
        w.loop:turn()
        assert.truthy(first.joint.asked)
        assert(coroutine.resume(joiner))
        local waits = coroutine.create(function()
          w.loop:wait(function() return shared:is_done(first) and shared:is_done(second) end)
        end)
        repeat
          assert(coroutine.resume(waits))
          w.clock.now = w.clock.now + 1000000
        until coroutine.status(waits) == "dead"
        assert.equal(time_of(2 * n), first.reply[1].revoked_at)
        assert.equal(time_of(2 * n + 1), second.reply[1].revoked_at)
        w.clock.now = w.clock.now + 3000000000
      end
    end)

    it("anywhere, among many others, has its own answers", function()
      for seed = 1, 25 do
        local draw = generator(seed)
        local w, shared = preempting(function() return draw(4) == 0 end)
        local threads, rows = {}, {}
        for i = 1, 30 do
          threads[i] = coroutine.create(function()
            local serials = { world.serial(i), world.serial(i % 7 + 1) }
            local run_of_one = audit.new(shared, function() return table.remove(serials) end, { lane = "gate" })
            for row in function() return run_of_one:next() end do
              assert.same(own_answer(row.key).RevokeTime, row.revoked_at)
              rows[#rows + 1] = row
            end
          end)
        end
        local resumes = 0
        while #threads > 0 do
          local i = draw(#threads) + 1
          assert(coroutine.resume(threads[i]))
          if coroutine.status(threads[i]) == "dead" then table.remove(threads, i) end
          resumes = resumes + 1
          assert.is_true(resumes < 200000)
        end
        assert.equal(60, #rows)
        for _, n in ipairs(counts(w)) do assert.is_true(n <= 5) end
        assert.is_nil(next(w.loop.flying))
      end
    end)
  end)
end
