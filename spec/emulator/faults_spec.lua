local faults = require "certstat.emulator.faults"

local function scenario(text, tls) return assert(faults.read(text, tls)) end

-- the kinds that calls get, one after the other: "." for none
local function kinds_of(held, calls, now_s)
  local out = {}
  for i, call in ipairs(calls) do
    local kinds = {}
    for j, one in ipairs(held:choose(call, now_s or 0)) do kinds[j] = one.kind end
    out[i] = kinds[1] and table.concat(kinds, "+") or "."
  end
  return table.concat(out, " ")
end

local function calls(count, action, id)
  local list = {}
  for i = 1, count do list[i] = { action = action or "A", access_key_id = id or "k" } end
  return list
end

describe("a scenario of faults", function()
  local function held(text)
    local new = faults.new()
    new:add(scenario(text), 0)
    return new
  end

  it("has none at first", function()
    assert.equal(". .", kinds_of(faults.new(), calls(2)))
  end)

  it("is for every call, or for those that it numbers", function()
    assert.equal("endless endless", kinds_of(held '{"faults":[{"fault":"endless"}]}', calls(2)))
    assert.equal("endless . endless endless . endless",
      kinds_of(held '{"faults":[{"fault":"endless","calls":"1,3-4,6-"}]}', calls(6)))
  end)

  it("gives a call all that it has for it, in order", function()
    local three = '{"faults":[{"fault":"missing","calls":"1"},{"fault":"latency","ms":1},'
      .. '{"fault":"close","calls":"9"}]}'
    assert.equal("missing+latency latency", kinds_of(held(three), calls(2)))
  end)

  it("numbers the calls of its own action and access key alone", function()
    local one = held '{"faults":[{"fault":"reset","action":"B","access_key_id":"k","calls":"2"}]}'
    assert.equal(". .", kinds_of(one, calls(2, "A")))
    assert.equal(". .", kinds_of(one, calls(2, "B", "l")))
    assert.equal(". reset .", kinds_of(one, calls(3, "B")))
    assert.same({ { given = { fault = "reset", action = "B", access_key_id = "k", calls = "2" }, seen = 3, hits = 1 } },
      one:list())
  end)

  it("lasts from one second to another after it was added", function()
    local one = faults.new()
    one:add(scenario '{"faults":[{"fault":"reset","from_s":2,"to_s":5}]}', 100)
    for now_s, expected in pairs { [101.9] = ".", [102] = "reset", [104.9] = "reset", [105] = "." } do
      assert.equal(expected, kinds_of(one, calls(1), now_s))
    end
  end)

  it("is as probable as it says, by its seed", function()
    local text = '{"seed":%d,"faults":[{"fault":"latency","ms":0,"probability":0.5},'
      .. '{"fault":"close","probability":0.25}]}'
    local first = kinds_of(held(text:format(1)), calls(1000))
    assert.equal(first, kinds_of(held(text:format(1)), calls(1000)))
    assert.are_not.equal(first, kinds_of(held(text:format(2)), calls(1000)))
    assert.is_true(math.abs(select(2, first:gsub("latency", "")) - 500) < 60)
    assert.is_true(math.abs(select(2, first:gsub("close", "")) - 250) < 60)
    -- neither changes what the other does
    local alone = held '{"seed":1,"faults":[{"fault":"latency","ms":0,"probability":0.5}]}'
    assert.equal((first:gsub("%+close", ""):gsub("close", ".")), kinds_of(alone, calls(1000)))
  end)

  it("keeps those of handshakes and those of calls apart", function()
    local both = faults.new()
    both:add(scenario('{"faults":[{"fault":"expired","calls":"2"},{"fault":"close"}]}', true), 0)
    assert.equal("close close", kinds_of(both, calls(2)))
    assert.same({}, both:choose(nil, 0))
    assert.equal("expired", both:choose(nil, 0)[1].kind)
    assert.same({}, both:choose(nil, 0))
  end)

  it("can be taken away", function()
    local one = held '{"faults":[{"fault":"endless"}]}'
    one:clear()
    assert.equal(".", kinds_of(one, calls(1)))
    assert.same({}, one:list())
  end)

  for text, message in pairs {
    [""] = 'expected {"faults":[…]}, found ',
    ["[1]"] = 'expected {"faults":[…]}, found [1]',
    ['{"faults":{"fault":"endless"}}'] = "'faults': expected an array",
    ['{"seed":-1,"faults":[]}'] = "'seed': expected a whole number from 0 to 2147483646",
    ['{"faults":[{"fault":"endless"},{"fault":"\\u001b[31m"}]}'] =
      "fault 2: expected the kind of fault in 'fault', found '\\x1B[31m'",
    ['{"faults":[{"fault":"self_signed"}]}'] = "fault 1: self_signed: there is no TLS without --tls",
  } do
    it("is refused: " .. text, function()
      local read, found = faults.read(text, false)
      assert.is_nil(read)
      assert.equal(message, found)
    end)
  end
end)
