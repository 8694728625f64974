--- The faults of a TLS handshake, as curl sees them.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"

describe("a TLS handshake with a fault", function()
  local running

  setup(function()
    running = emulator.start_small { "--tls" }
  end)

  teardown(function()
    emulator.stop(running)
  end)

  -- curl's exit status, the protocol and what it complains of
  local function ask(faults, options)
    emulator.fail(running, faults)
    local command = "curl -sS --max-time 20 --cacert %s %s -o /dev/null -w '%%{http_version}' %s; echo \" $?\""
    local printed = files.shell(command:format(running.ca, options or "", running.url))
    return tonumber(printed:match("(%d+)\n$")), printed
  end

  it("is none at all, or one for each connection", function()
    local status, printed = ask ""
    assert.equal(0, status)
    assert.equal("2 0\n", printed)
    assert.equal(0, (ask('{"fault":"expired","calls":"2"}')))
    local _, counted = emulator.order(running, "GET", "/counters")
    local before = counted.handshakes
    ask ""
    _, counted = emulator.order(running, "GET", "/counters")
    assert.equal(before + 1, counted.handshakes)
  end)

  -- https://curl.se/libcurl/c/libcurl-errors.html
  for kind, text in pairs {
    wrong_name = "no alternative certificate subject name matches", expired = "certificate has expired",
    self_signed = "self-signed certificate",
  } do
    it(kind .. " is refused", function()
      local status, printed = ask(('{"fault":"%s"}'):format(kind))
      assert.equal(60, status, printed)
      assert.is_truthy(printed:find(text, 1, true), printed)
    end)
  end

  it("stalls until the client goes, and the next one is served", function()
    local status = ask('{"fault":"stalled_handshake","calls":"1"}', "--connect-timeout 1")
    assert.equal(28, status)
    assert.equal(0, (ask ""))
  end)
end)
