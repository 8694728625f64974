--- How nginx sends what a fault has spoilt, as curl sees it.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"

describe("a reply with a fault", function()
  local running

  setup(function()
    running = emulator.start_small { "--qps", "1000" }
  end)

  teardown(function()
    emulator.stop(running)
  end)

  -- curl's exit status of `count` calls on one connection, and all that it had
  local function ask(fault, count)
    emulator.fail(running, fault)
    local calls = {}
    for i = 1, count or 1 do
      calls[i] = emulator.signed(running, { query = { SerialNumber = "0a1b" } }) .. "include\n"
    end
    files.write(running.folder .. "/curl", table.concat(calls, "next\nsilent\n"))
    local printed = files.shell(("curl -s --max-time 20 -K %s/curl; echo \"=$?\""):format(running.folder))
    local had, status = printed:match("^(.*)=(%d+)\n$")
    return tonumber(status), had
  end

  -- https://curl.se/libcurl/c/libcurl-errors.html
  local NOTHING, PARTIAL, RECEIVE = 52, 18, 56

  it("does not come", function()
    assert.same({ RECEIVE, "" }, { ask '{"fault":"reset"}' })
    assert.same({ NOTHING, "" }, { ask '{"fault":"close"}' })
  end)

  it("ends in its body", function()
    for kind, expected in pairs { reset = RECEIVE, close = PARTIAL } do
      local status, had = ask(('{"fault":"%s","after_bytes":9}'):format(kind))
      assert.equal(expected, status)
      assert.equal('{"Certifi', had:match("\r\n\r\n(.*)$"))
    end
    local _, had = ask '{"fault":"close","after_bytes":100000}'
    assert.equal('"', had:sub(-1)) -- all but its last byte
  end)

  it("is whole where its fault ends it on kept connections alone", function()
    -- curl, as it may, asks again on a new connection by itself, which nonces forbid
    local status, had = ask('{"fault":"close_kept"}', 2)
    assert.equal(0, status)
    assert.equal(1, select(2, had:gsub('"Status":"good"', "")))
    assert.equal(1, select(2, had:gsub('"SignatureNonceUsed"', "")))
  end)

  it("comes in drops, and late", function()
    for _, fault in ipairs { '{"fault":"drip","bytes":50,"every_ms":1}', '{"fault":"latency","ms":10}' } do
      local status, had = ask(fault)
      assert.equal(0, status)
      assert.is_truthy(had:find('"Status":"good"', 1, true))
    end
  end)

  it("is cut short within its length", function()
    local status, had = ask '{"fault":"truncated","bytes":9}'
    assert.equal(0, status)
    assert.equal('{"Certifi', had:match("\r\n\r\n(.*)$"))
  end)

  it("has another date", function()
    local _, had = ask '{"fault":"date","offset_s":-900000000}'
    assert.is_truthy(had:find("\r\nDate: %a+, %d+ %a+ 19%d%d "))
  end)

  it("has no end, until the client goes", function()
    assert.equal(200, (emulator.order(running, "POST", "/faults", '{"faults":[{"fault":"endless"}]}')))
    files.write(running.folder .. "/curl", emulator.signed(running, { query = { SerialNumber = "0a1b" } }))
    local read = ("curl -s --max-time 20 -K %s/curl | head -c 3000000 | wc -c"):format(running.folder)
    assert.equal("3000000\n", files.shell(read))
    local _, had = ask '{"fault":"duplicate"}'
    assert.equal(2, select(2, had:gsub('"Status":"good"', "")))
  end)
end)
