local nginx = require "certstat.host.nginx"
local server = require "spec.support.server"
local world = require "spec.support.world"

local now_ns = nginx.now_ns
local here, w, sleep, phase, exiting, timer

local function good(request)
  return world.statuses(request, function() return "good" end)
end

-- A worker in virtual time, and a loop in it; options: of the world.
local function worker(options)
  options = options or {}
  options.answer, options.host = options.answer or good, nginx
  w = world.new(options)
  here = server.new(w.clock)
  nginx.now_ns = function() return w.clock.now end
end

-- What becomes of timers in the worker: there is none to be had; or nginx takes it and drops it when it is due, as it
-- does beyond lua_max_running_timers.
local function no_timer() return false end
local function dropped_timer() return true end

-- How often the loop is turned.
local function counted()
  local counts, turn = { turns = 0 }, w.loop.turn
  w.loop.turn = function(...)
    counts.turns = counts.turns + 1
    return turn(...)
  end
  return counts
end

-- n callers at once; returns a table where they leave their calls and, in milliseconds, how long each took.
local function callers(n)
  local left = { calls = {}, took = {} }
  for i = 1, n do
    here:spawn(function()
      local began = w.clock.now
      left.calls[i] = w:call()
      left.took[i] = (w.clock.now - began) / 1e6
    end)
  end
  return left
end

before_each(function()
  phase, exiting = "content", false
  timer = function(f) return here:spawn(f) end
  sleep = function(seconds) here:sleep(seconds) end
  rawset(_G, "ngx", {
    get_phase = function() return phase end,
    sleep = function(seconds) sleep(seconds) end,
    timer = { at = function(_, f)
      if timer(function() f(false) end) then return 1 end
      return nil, "too many pending timers"
    end },
    worker = { exiting = function() return exiting end },
  })
  package.loaded["ngx.semaphore"] = { new = function() return here:semaphore() end }
end)

after_each(function()
  nginx.now_ns = now_ns
  package.loaded["ngx.semaphore"] = nil
  rawset(_G, "ngx", nil)
end)

describe("an nginx worker", function()
  -- https://github.com/openresty/lua-nginx-module#ngxget_phase
  it("can wait in the phases that yield", function()
    for _, name in ipairs { "ssl_cert", "server_rewrite", "rewrite", "access", "content", "timer" } do
      phase = name
      assert.is_true(nginx.may_wait())
    end
  end)

  it("can't wait in the others, and says what to do", function()
    for _, name in ipairs {
      "init", "init_worker", "exit_worker", "ssl_client_hello", "ssl_session_fetch", "ssl_session_store", "set",
      "balancer", "header_filter", "body_filter", "log", "one that is not known yet",
    } do
      phase = name
      local ok, message = nginx.may_wait()
      assert.is_nil(ok)
      assert.equal(("a call can't wait in nginx's %s phase: start it in a timer (ngx.timer.at)"):format(name), message)
    end
  end)

  -- ngx_http_lua_ngx_sleep logs a warning where a sleep is less, unless nginx has OpenResty's patches
  it("looks again after a millisecond, and no sooner where there is nothing to wait for", function()
    local slept = {}
    sleep = function(seconds) slept[#slept + 1] = seconds end
    for _, ns in ipairs { 1e9, 250000, 0 } do nginx.pause({}, ns) end
    assert.same({ 0.001, 0.001, 0.001 }, slept)
  end)
end)

describe("in an nginx worker, a call", function()
  it("has its answer a millisecond after it has come, at most", function()
    worker()
    local began, ended, call = w.clock.now, nil, nil
    here:spawn(function()
      call = w:call()
      ended = w.clock.now
    end)
    here:run()
    assert.truthy(call.reply)
    local took_ms = (ended - began) / 1e6
    assert.is_true(took_ms >= 21 and took_ms <= 22, took_ms)
  end)

  it("is turned by one pump, however many there are, which ends with the last", function()
    worker { rate = 400 }
    local done, counts = 0, counted()
    for _ = 1, 200 do
      here:spawn(function()
        assert.truthy(w:call().reply)
        done = done + 1
      end)
    end
    here:run()
    assert.equal(200, done)
    -- one each when it begins; calls leave one a turn, and take 20 ms
    assert.is_true(counts.turns < 200 + 400, counts.turns)
  end)

  it("does not make the pump spin while there is no permit", function()
    worker { rate = 1 }
    local counts = counted()
    for _ = 1, 3 do here:spawn(function() assert.truthy(w:call().reply) end) end
    here:run()
    assert.is_true(w.clock.now >= 2.2e9)
    assert.is_true(counts.turns < 120, counts.turns) -- 20 ms in flight each
  end)

  it("that comes while the pump sleeps wakes it", function()
    worker()
    local over, took
    here:spawn(function() w.loop:wait(function() return over end) end)
    here:spawn(function()
      here:sleep(0.2)
      local began = w.clock.now
      w:call()
      took, over = w.clock.now - began, true
    end)
    here:run()
    assert.is_true(took <= 22e6, took)
  end)

  it("is turned by its caller where no timer is to be had", function()
    worker()
    timer = no_timer
    local call
    here:spawn(function() call = w:call() end)
    here:run()
    assert.truthy(call.reply)
  end)

  it("is answered in time, or ends in time, where nginx drops the timers that it takes", function()
    worker { timeout = 2, answer = function(request, n)
      return n % 2 == 1 and good(request) or { ms = 30000 }
    end }
    timer = dropped_timer
    local left, counts = callers(4), counted()
    here:run()
    local answered = 0
    for i = 1, 4 do
      if left.calls[i].reply then
        answered = answered + 1
        assert.is_true(left.took[i] <= 130, left.took[i]) -- the pump is given 100 ms to come
      else
        assert.truthy(left.calls[i].message)
        assert.is_true(left.took[i] <= 2002, left.took[i])
      end
    end
    assert.equal(2, answered)
    assert.is_true(counts.turns <= w:ms() + 1, counts.turns)
    left = callers(1)
    here:run()
    assert.is_true(left.took[1] <= 25, left.took[1]) -- none is waited for again before one has come
  end)

  it("is turned once a millisecond at most where many wait without a timer", function()
    worker { rate = 400 }
    timer = no_timer
    local left, counts = callers(200), counted()
    here:run()
    for i = 1, 200 do assert.truthy(left.calls[i].reply) end
    assert.is_true(counts.turns <= w:ms() + 1, counts.turns .. " in " .. w:ms())
  end)

  it("is turned by one pump, also where an earlier one comes late", function()
    worker { answer = function() return { ms = 3000, status = 200, body = "{}" } end }
    local late
    timer = function(f)
      timer = function(g) return here:spawn(g) end
      late = f
      return true
    end
    local left = callers(1)
    here:run(function() return w:ms() > 1200 end) -- another one turns
    local counts, from = counted(), w:ms()
    here:spawn(late)
    here:run(function() return w:ms() >= from + 500 end)
    assert.is_true(counts.turns <= 502, counts.turns)
    here:run()
    assert.truthy(left.calls[1].done)
  end)

  it("wakes its caller once, with its answer, and nobody else", function()
    worker { rate = 400 }
    local wakes, semaphores, new = 0, 0, package.loaded["ngx.semaphore"].new
    package.loaded["ngx.semaphore"].new = function()
      semaphores = semaphores + 1
      local semaphore, is_bell = new(), semaphores == 1 -- the pump's
      local wait = semaphore.wait
      function semaphore.wait(...)
        local woken, why = wait(...)
        if not is_bell then wakes = wakes + 1 end
        return woken, why
      end
      return semaphore
    end
    callers(1)
    here:run(function() return w:ms() > 1 end) -- the pump turns, and is counted on
    local left = callers(200)
    here:run()
    for i = 1, 200 do assert.truthy(left.calls[i].reply) end
    assert.equal(1 + 201, semaphores)
    assert.equal(201, wakes)
  end)

  it("whose caller has been ended does not keep the pump", function()
    worker { answer = function() return { ms = 30000 } end }
    local caller = here:spawn(function() w:call() end)
    here:run(function() return w.net:live() > 0 end)
    here:kill(caller)
    for _, call in pairs(w.loop.flying) do w.loop:cancel(call) end
    local began = w.clock.now
    here:run()
    assert.is_true(w.clock.now - began <= 3e9, w.clock.now - began)
  end)

  it("starts another pump where the host has ended one", function()
    worker { answer = function(request)
      local plan = good(request)
      plan.ms = 5000
      return plan
    end }
    local call, caller
    caller = here:spawn(function() call = w:call() end)
    here:run(function() return here.tasks[2] ~= nil end)
    for _, task in ipairs { here.tasks[1], here.tasks[2] } do
      if task ~= caller then here:kill(task) end
    end
    here:run()
    assert.truthy(call.reply)
  end)

  it("is over when an error ends the pump, which the next call starts again", function()
    worker()
    local step, steps, calls, took = w.net.step, 0, {}, nil
    w.net.step = function(...)
      steps = steps + 1
      if steps == 2 then error("fake: out of memory", 0) end
      return step(...)
    end
    local start, ended = w.clock.now, nil
    here:spawn(function()
      calls[1] = w:call()
      ended = w.clock.now
    end)
    local ok, problem = pcall(here.run, here)
    assert.is_false(ok)
    assert.equal("fake: out of memory", problem)
    here:spawn(function()
      here:sleep(0.1)
      local began = w.clock.now
      calls[2] = w:call()
      took = w.clock.now - began
    end)
    here:run()
    assert.equal("closed", calls[1].info.class)
    assert.is_true(ended - start < 10e6, ended - start)
    assert.truthy(calls[2].reply)
    assert.is_true(took <= 22e6, took)
  end)

  it("may take ten seconds more where the worker is told to end", function()
    worker { answer = function() return { ms = 30000 } end }
    local call
    here:spawn(function() call = w:call() end)
    here:run(function() return w.net:live() > 0 end)
    exiting = true
    local began = w.clock.now
    here:run()
    assert.same({ class = "closed", code = "Closed" }, call.info)
    local took = w.clock.now - began
    assert.is_true(took > 10e9 and took < 10.1e9, took)
  end)

  it("that is answered in that time has its answer", function()
    worker { answer = function(request)
      local plan = good(request)
      plan.ms = 9000
      return plan
    end }
    local call
    here:spawn(function() call = w:call() end)
    here:run(function() return w.net:live() > 0 end)
    exiting = true
    here:run()
    assert.truthy(call.reply)
  end)
end)

describe("in an nginx worker, who waits for something else than an answer", function()
  it("sees soon that it is there, also where no turn has brought it", function()
    worker()
    local over, seen = false, nil
    here:spawn(function()
      w.loop:wait(function() return over end)
      seen = w.clock.now
    end)
    here:run(function() return w:ms() > 300 end)
    over = true
    local began = w.clock.now
    here:run()
    assert.is_true(seen - began <= 50e6, seen - began)
  end)

  it("sees soon that the client is closed", function()
    worker()
    local seen
    here:spawn(function()
      w.loop:wait(function() return w.loop.closed end)
      seen = w.clock.now
    end)
    here:run(function() return w:ms() > 310 end)
    w.loop:close()
    local began = w.clock.now
    here:run()
    assert.is_true(seen - began <= 50e6, seen - began)
  end)

  it("gets the error of his own look, and the others go on", function()
    worker()
    local looks = 0
    here:spawn(function()
      w.loop:wait(function()
        looks = looks + 1
        if looks > 1 then error("mine", 0) end
      end)
    end)
    local left = callers(1)
    local ok, problem = pcall(here.run, here)
    assert.is_false(ok)
    assert.equal("mine", problem)
    here:run()
    assert.truthy(left.calls[1].reply)
  end)
end)

describe("in an nginx worker, on_call", function()
  it("may take its time, and keeps nobody but who tells it", function()
    worker { on_call = function() here:sleep(3) end }
    local left = callers(3)
    here:run()
    table.sort(left.took)
    assert.is_true(left.took[1] >= 3000)
    local late = callers(1)
    w.loop.on_call = function() end
    here:run()
    assert.is_true(late.took[1] <= 25, late.took[1])
  end)

  it("may itself make calls", function()
    local inner
    worker { on_call = function()
      if not inner then
        inner = {}
        inner = w:call()
      end
    end }
    local left = callers(2)
    here:run()
    assert.truthy(inner.reply)
    for i = 1, 2 do
      assert.truthy(left.calls[i].reply)
      assert.is_true(left.took[i] <= 50, left.took[i])
    end
  end)

  it("raises through its caller, and the others have their answers at once", function()
    local told = 0
    worker { on_call = function()
      told = told + 1
      if told == 1 then error("on_call is broken", 0) end
    end }
    local left = callers(3)
    local ok, problem = pcall(here.run, here)
    assert.is_false(ok)
    assert.equal("on_call is broken", problem)
    here:run()
    assert.equal(3, told)
    local answered = 0
    for i = 1, 3 do
      if left.calls[i] then
        answered = answered + 1
        assert.is_true(left.took[i] <= 25, left.took[i])
      end
    end
    assert.equal(2, answered)
  end)

  it("is told soon also while no caller comes, by a timer", function()
    local told = {}
    worker { answer = function(request, n)
      return n == 1 and world.refusal(429, "Throttling.User", nil, { ms = 300, headers = { ["retry-after"] = "2" } })
        or good(request)
    end, on_call = function(event)
      told[#told + 1] = w.clock.now - event.done_ns
      here:sleep(0.5)
    end }
    local left = callers(1)
    here:run()
    assert.truthy(left.calls[1].reply)
    assert.equal(2, #told)
    assert.is_true(told[1] <= 101e6, told[1])
  end)
end)

describe("in an nginx worker, credentials", function()
  it("are fetched to the end, also where nobody waits any more", function()
    worker { ask = world.ask_for_token }
    local renewal = w:renew_behind_a_call(here)
    here:run()
    assert.truthy(renewal.call.reply)
    assert.equal(2, #w.fetch.begun)
    assert.equal("two", w.session.current.security_token)
  end)
end)

describe("nginx.spawn", function()
  it("runs a function in a timer", function()
    worker()
    local ran
    nginx.spawn(function(...) ran = select("#", ...) end)
    assert.is_nil(ran)
    here:run()
    assert.equal(0, ran)
  end)
end)
