local credentials = require "certstat.credentials"
local fake_fetch = require "spec.support.fake_fetch"
local session = require "certstat.credentials.session"

local S = 1e9

describe("credentials.session", function()
  local now, asked, fetch

  before_each(function() now, asked, fetch = 1e15, {}, fake_fetch.new() end)

  local function keys(token, seconds)
    return credentials.new { access_key_id = "i", access_key_secret = "canary", security_token = token,
      expires_in = seconds }
  end

  -- fetched credentials, which are good for so many seconds
  local function step(seconds)
    return { request = { url = "u" }, facts = { account = "1" }, continue = function(reply, why)
      if reply then return keys(reply, seconds) end
      return nil, why, { class = "denied" }
    end }
  end

  -- ask: what is answered when it is asked, or a function of that
  local function new(ask, random)
    return session.new {
      fetch = fetch, now_ns = function() return now end, random = function() return random or 0 end,
      ask = function(alone)
        asked[#asked + 1] = alone
        if type(ask) == "function" then return ask() end
        return ask
      end,
    }
  end

  -- the same, and its first turn
  local function begin(ask, random)
    local one = new(ask, random)
    one:advance()
    return one
  end

  local function at(seconds) now = 1e15 + seconds * S end

  it("has at once what nothing has to be fetched for, and never asks again", function()
    local one = new(keys("t"))
    assert.equal("t", one:take().security_token)
    assert.equal(math.huge, one:idle_ns())
    at(1e9)
    one:advance()
    assert.equal("t", one:take().security_token)
    assert.same({ false }, asked)
    assert.equal(0, #fetch.begun)
  end)

  it("knows before the first credentials what the provider knows", function()
    local one = new(step(1000))
    assert.equal("1", one.facts.account)
    assert.is_nil(one.current)
    one:advance()
    fetch:finish "t"
    one:advance()
    assert.equal(one.current, one.facts)
  end)

  it("begins nothing before its first turn, and asks again then: what was found may be old", function()
    local one = new(step(1000))
    assert.same({ false, 5e6 }, { one:take() })
    assert.equal(0, one:idle_ns())
    assert.equal(0, #fetch.begun)
    at(1000)
    one:advance()
    assert.equal(1, #fetch.begun)
    assert.same({ false, false }, asked)
  end)

  it("waits for nothing", function()
    local one = begin(step(1000))
    assert.same({ false, 5e6 }, { one:take() })
    assert.equal(5e6, one:idle_ns())
    one:advance()
    assert.same({ false, 5e6 }, { one:take() })
    fetch:finish "t"
    one:advance()
    assert.equal("t", one:take().security_token)
    assert.equal(1, #fetch.begun)
  end)

  it("asks anew when a quarter of the time is left, 15 minutes before its end, and earlier by chance", function()
    local rows = {
      -- lifetime, random, asked anew after
      { 1000, 0, 750 }, { 1000, 1, 687.5 }, { 3600, 0, 2700 }, { 43200, 0, 42300 }, { 43200, 1, 42075 }, { 4, 0, 3 },
    }
    for _, row in ipairs(rows) do
      at(0)
      fetch = fake_fetch.new()
      local one = begin(step(row[1]), row[2])
      fetch:finish "t"
      one:advance()
      assert.equal(row[3] * S, one:idle_ns())
      at(row[3] - 0.001)
      one:advance()
      assert.equal(1, #fetch.begun)
      at(row[3])
      one:advance()
      assert.equal(2, #fetch.begun)
    end
  end)

  it("goes on with the old ones meanwhile, and never asks twice at once", function()
    local one = begin(step(1000))
    fetch:finish "one"
    one:advance()
    at(750)
    for second = 750, 999 do
      at(second)
      one:advance()
      assert.equal("one", one:take().security_token)
    end
    assert.equal(2, #fetch.begun)
    assert.same({ false, false, true }, asked) -- the provider that served, alone
    fetch:finish "two"
    one:advance()
    assert.equal("two", one:take().security_token)
    assert.equal(750 * S, one:idle_ns())
  end)

  it("gives none once they have truly expired", function()
    local one = begin(step(1000))
    fetch:finish "one"
    one:advance()
    at(750)
    one:advance()
    at(1000)
    assert.same({ false, 5e6 }, { one:take() })
    fetch:finish(nil, "no reply")
    one:advance()
    assert.same({ n = 3, nil, "no reply", { class = "denied" } }, { n = 3, one:take() })
  end)

  it("keeps the old ones after a failure, and tries again later and later", function()
    local one = begin(step(1000))
    fetch:finish "one"
    one:advance()
    local after, pauses = 750, { 1, 2, 4, 8, 16, 32, 60, 60 }
    for i, pause in ipairs(pauses) do
      at(after)
      one:advance()
      assert.equal(i + 1, #fetch.begun)
      fetch:finish(nil, "no reply")
      one:advance()
      assert.equal("one", one:take().security_token)
      assert.equal(pause * S, one:idle_ns())
      after = after + pause
    end
    at(1000)
    one:advance()
    assert.same({ true, false }, { asked[10], asked[11] }) -- expired: the whole chain
    fetch:finish "two"
    one:advance()
    assert.equal("two", one:take().security_token)
  end)

  it("says in between why there are none", function()
    local one = begin(step(1000))
    fetch:finish(nil, "no reply")
    one:advance()
    for _ = 1, 3 do
      one:advance()
      assert.same({ n = 3, nil, "no reply", { class = "denied" } }, { n = 3, one:take() })
    end
    assert.equal(1, #fetch.begun)
    at(1)
    assert.same({ false, 5e6 }, { one:take() })
  end)

  it("tells a step that can't be begun why", function()
    fetch.refuse = "no such program"
    assert.same({ n = 3, nil, "no such program", { class = "denied" } }, { n = 3, begin(step(1000)):take() })
  end)

  it("asks for others where the service refuses them, and gives these no more", function()
    local found = { keys("one"), keys("two") }
    local one = new(function() return table.remove(found, 1) end)
    assert.equal("one", one:take().security_token)
    one:refuse()
    one:refuse()
    assert.is_false((one:take()))
    one:advance()
    assert.equal("two", one:take().security_token)
    assert.equal(2, #asked)
  end)

  it("says where those found anew are those that are refused", function()
    local one = new(keys("one"))
    one:refuse()
    one:advance()
    assert.same({ n = 3, nil, "the service refuses them, and those found anew are the same",
      { class = "denied", code = "NoCredentials" } }, { n = 3, one:take() })
  end)

  it("asks for none beside those that are on their way already", function()
    local one = begin(step(1000))
    fetch:finish "one"
    one:advance()
    at(750)
    one:advance()
    one:refuse()
    assert.is_false((one:take()))
    fetch:finish "two"
    one:advance()
    assert.equal("two", one:take().security_token)
    assert.equal(2, #fetch.begun)
  end)

  it("begins again where whoever asked was stopped", function()
    local one = begin(step(1000))
    one:restart()
    assert.equal(1, fetch.stopped)
    one:advance()
    assert.equal(2, #fetch.begun)
    fetch:finish "t"
    one:advance()
    one:restart()
    assert.equal("t", one:take().security_token)
  end)

  it("waits as a host lets it", function()
    local pauses, may = 0, true
    local host = {
      may_wait = function() return may or nil, "not in this phase" end,
      pause = function()
        pauses = pauses + 1
        if pauses == 3 then fetch:finish "t" end
      end,
    }
    assert.equal("t", new(step(1000)):wait(host).security_token)
    assert.equal(3, pauses)
    may, fetch = false, fake_fetch.new()
    assert.same({ n = 3, nil, "not in this phase", { class = "argument", code = "CannotWait" } },
      { n = 3, new(step(1000)):wait(host) })
    assert.equal("t", new(keys("t")):wait(host).security_token)
  end)

  it("closes what it fetches with", function()
    begin(step(1000)):close()
    assert.equal(1, fetch.closed)
  end)

  it("draws its own chance", function()
    local one = session.new {
      fetch = fetch, now_ns = function() return now end, ask = function() return step(1000) end,
    }
    one:advance()
    fetch:finish "t"
    one:advance()
    assert.truthy(one:idle_ns() > 687.4 * S and one:idle_ns() <= 750 * S)
  end)
end)
