local haproxy = require "certstat.host.haproxy"
local server = require "spec.support.server"
local world = require "spec.support.world"

local now_ns = haproxy.now_ns
local here, w, msleep, register, context, yielded

local function good(request)
  return world.statuses(request, function() return "good" end)
end

-- HAProxy in virtual time, and a loop in it; options: of the world.
local function start(options)
  options = options or {}
  options.answer, options.host = options.answer or good, haproxy
  w = world.new(options)
  here = server.new(w.clock)
  haproxy.now_ns = function() return w.clock.now end
end

-- How often the loop is turned, and callers look at it.
local function counted()
  local counts, turn = { turns = 0, looks = 0 }, w.loop.turn
  w.loop.turn = function(...)
    counts.turns = counts.turns + 1
    return turn(...)
  end
  local sleep = msleep
  msleep = function(ms)
    counts.looks = counts.looks + 1
    return sleep(ms)
  end
  return counts
end

-- The call of this number leaves, and its caller is ended.
local function leave_a_call(number)
  local caller = here:spawn(function() w:call() end)
  here:run(function() return #w.net.started == number and w.net:live() > 0 end)
  here:kill(caller)
end

before_each(function()
  msleep, context = function(ms) here:sleep(ms / 1000) end, {}
  register = function(f) return here:spawn(f) end
  rawset(_G, "core", {
    msleep = function(ms) return msleep(ms) end,
    yield = function() yielded = here.current end,
    register_task = function(f) register(f) end,
    httpclient = function() return context end,
  })
end)

after_each(function()
  haproxy.now_ns = now_ns
  rawset(_G, "core", nil)
end)

describe("HAProxy", function()
  it("lets the others go on for a millisecond, also where there is nothing to wait for", function()
    local slept = {}
    msleep = function(ms) slept[#slept + 1] = ms end
    haproxy.pause({}, 1e9)
    haproxy.pause({}, 0)
    assert.same({ 1, 1 }, slept)
  end)

  it("can wait where it has something to resume, and nowhere else", function()
    assert.is_true(haproxy.may_wait())
    context = nil
    local ok, message = haproxy.may_wait()
    assert.is_nil(ok)
    assert.equal("a call can't wait here in HAProxy, while a file is loaded or in a coroutine of Lua's own: start it "
      .. "in a task (core.register_task)", message)
  end)

  it("runs a function in a task", function()
    start()
    local ran = false
    haproxy.spawn(function() ran = true end)
    assert.is_false(ran)
    here:run()
    assert.is_true(ran)
  end)
end)

describe("in HAProxy, a call", function()
  it("is turned by its caller, each two milliseconds", function()
    start()
    local counts, took, call = counted(), nil, nil
    here:spawn(function()
      local began = w.clock.now
      call = w:call()
      took = w.clock.now - began
    end)
    here:run()
    assert.truthy(call.reply)
    assert.is_true(took <= 22e6, took)
    assert.is_true(counts.turns <= 25, counts.turns)
  end)

  it("leaves at once, also where another has just been answered", function()
    start()
    here:spawn(function()
      for n = 1, 3 do
        local came = w.clock.now
        w:call()
        assert.equal(came, w.net.started[n].at)
      end
    end)
    here:run()
    assert.equal(3, #w.net.started)
  end)

  it("does not turn the loop as it comes, where it comes with others", function()
    start()
    local counts = counted()
    for _ = 1, 20 do here:spawn(function() w:call() end) end
    local came = w.clock.now
    here:run(function() return w.clock.now > came end)
    assert.is_true(counts.turns <= 2, counts.turns)
  end)

  it("sleeps only after a yield, and never for less than two milliseconds", function()
    start()
    local sleep, sleeps, caller = msleep, 0, nil
    msleep = function(ms)
      if here.current == caller then
        assert.equal(caller, yielded)
        assert.is_true(ms >= 2, ms)
        yielded, sleeps = nil, sleeps + 1
      end
      return sleep(ms)
    end
    caller = here:spawn(function() assert.truthy(w:call().reply) end)
    here:run()
    assert.is_true(sleeps > 5, sleeps)
  end)

  it("is looked at the less often, the more callers wait", function()
    start { rate = 400, answer = function(request)
      local plan = good(request)
      plan.ms = 1000
      return plan
    end }
    local counts, done = counted(), 0
    for _ = 1, 400 do
      here:spawn(function()
        assert.truthy(w:call().reply)
        done = done + 1
      end)
    end
    local began = w.clock.now
    here:run(function() return done == 400 end)
    local ms = (w.clock.now - began) / 1e6
    assert.is_true(ms < 1600, ms)
    assert.is_true(counts.looks / ms < 30, counts.looks / ms) -- 400 without
    assert.is_true(counts.turns / ms < 2, counts.turns / ms)
  end)

  it("is looked at each two milliseconds again when few are left", function()
    start { rate = 400, answer = function(request, n)
      local plan = good(request)
      plan.ms = n <= 400 and 1000 or 200
      return plan
    end }
    for _ = 1, 400 do here:spawn(function() w:call() end) end
    here:run()
    local counts = counted()
    here:spawn(function() w:call() end)
    here:run()
    assert.is_true(counts.looks > 80, counts.looks)
  end)

  it("whose caller has been ended is turned by a task to its end", function()
    start { answer = function(request)
      local plan = good(request)
      plan.ms = 3000
      return plan
    end }
    local caller = here:spawn(function() w:call() end)
    here:run(function() return w.net:live() > 0 end)
    here:kill(caller)
    local began = w.clock.now
    here:run(function() return w.net:live() == 0 end)
    assert.is_true(w.clock.now - began < 3.1e9)
  end)

  it("is one of many for which one task is begun, however they come", function()
    start()
    local spawn, tasks = register, 0
    register = function(f)
      tasks = tasks + 1
      spawn(f)
    end
    for i = 1, 50 do
      here:spawn(function()
        here:sleep(i < 50 and i or 200)
        w:call()
      end)
    end
    here:run()
    assert.equal(2, tasks) -- the last comes after more than a minute
    assert.is_true(here.turns < 20000, here.turns)
  end)

  it("has another task where HAProxy has ended the one there was", function()
    start { answer = function(request)
      local plan = good(request)
      plan.ms = 3000
      return plan
    end }
    local pump
    register = function(f) pump = here:spawn(f) end
    leave_a_call(1)
    here:kill(pump)
    w.clock.now = w.clock.now + 4e9
    leave_a_call(2)
    here:run(function() return w.net:live() == 0 end)
    assert.equal(0, w.net:live())
  end)

  it("ends when the client is closed, and the task with it", function()
    start { answer = function() return { ms = 30000 } end }
    local call
    here:spawn(function() call = w:call() end)
    here:run(function() return w.net:live() > 0 end)
    w.loop:close()
    here:run()
    assert.equal("closed", call.info.class)
  end)

  it("tells the quota's file what it could not be told before", function()
    start { answer = function(request)
      local plan = good(request)
      plan.ms = 500
      return plan
    end }
    local flushed, quota = 0, w.quota
    w.loop.quota = setmetatable({ flush = function(_, ...)
      flushed = flushed + 1
      return quota:flush(...)
    end }, { __index = function(_, name) return function(_, ...) return quota[name](quota, ...) end end })
    here:spawn(function() w:call() end)
    here:run()
    assert.is_true(flushed > 100, flushed)
  end)
end)

describe("in HAProxy, credentials", function()
  it("are fetched to the end, also where nobody waits any more", function()
    start { ask = world.ask_for_token }
    local renewal = w:renew_behind_a_call(here)
    local began = w.clock.now
    here:run(function() return w.clock.now - began > 2e9 end)
    assert.truthy(renewal.call.reply)
    assert.equal(2, #w.fetch.begun)
    assert.equal("two", w.session.current.security_token)
  end)
end)

describe("in HAProxy, on_call", function()
  it("does not keep the task, where no caller comes to tell it", function()
    start()
    local told, fails = 0, true
    w.loop.on_call = function()
      told = told + 1
      if fails then error("on_call is broken", 0) end
      here:sleep(5)
    end
    leave_a_call(1)
    local ok, problem = pcall(here.run, here)
    assert.is_false(ok)
    assert.equal("on_call is broken", problem)
    fails = false
    for number = 2, 3 do
      leave_a_call(number)
      local began = w.clock.now
      here:run(function() return told == number end)
      assert.equal(number, told)
      assert.is_true(w.clock.now - began < 100e6, w.clock.now - began)
    end
  end)

  it("is told by callers, for whom no task is begun", function()
    local told, tasks = 0, 0
    start { rate = 400, on_call = function() told = told + 1 end }
    local spawn = register
    register = function(f)
      tasks = tasks + 1
      spawn(f)
    end
    for i = 1, 100 do
      here:spawn(function()
        here:sleep(i % 7 / 100)
        w:call()
      end)
    end
    here:run()
    assert.equal(100, told)
    assert.equal(1, tasks)
  end)

  it("may close the client, as may anybody while a turn is cut", function()
    start { on_call = function() w.loop:close() end }
    local first, second
    here:spawn(function() first = w:call() end)
    here:spawn(function() second = w:call() end)
    here:run()
    assert.truthy(first.done and second.done)
    start()
    local step = w.net.step
    w.net.step = function(...)
      local stepped = step(...)
      if w:ms() > 5 then
        w.loop:close()
        w.loop.quota = { flush = function() error("is closed", 0) end }
      end
      return stepped
    end
    here:spawn(function() first = w:call() end)
    here:run()
    assert.equal("Closed", first.info.code)
  end)
end)
