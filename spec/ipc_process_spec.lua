local ipc = require "certstat.ipc"

local LONG_MS = 30000

local function run(script, more)
  local options = { argv = { "/bin/sh", "-c", script }, env = { "NAME=value" }, output = true }
  for name, value in pairs(more or {}) do options[name] = value end
  local process = assert(ipc.spawn(options))
  local text, kind, value = ""
  repeat
    kind, value = process:wait(LONG_MS)
    if kind == "output" then text = text .. value end
  until kind ~= "output"
  process:close()
  return text, kind, value
end

describe("ipc.spawn", function()
  it("runs a program, and tells its output and its end", function()
    assert.same({ "value\n", "exited", 3 }, { run("echo $NAME; exit 3") })
    assert.same({ "", "killed", 9 }, { run("kill -9 $$") })
    assert.same({ "", "exited", 0 }, { run("echo unseen", { output = false }) })
  end)

  it("says that the time is over, and sends signals", function()
    local process = assert(ipc.spawn { argv = { "/usr/bin/tail", "-f", "/dev/null" }, env = {} })
    assert.equal("time", (process:wait(0)))
    assert.is_true(process:signal(15))
    assert.same({ "killed", 15 }, { process:wait(LONG_MS) })
    process:close()
  end)

  it("passes descriptors on", function()
    local listener = assert(ipc.listen("127.0.0.1", 0))
    local script = ("[ -e /proc/self/fd/%d ] && echo open || echo closed"):format(listener:fd())
    assert.equal("open\n", (run(script, { keep = { listener:fd() } })))
    assert.equal("closed\n", (run(script)))
    listener:close()
  end)

  it("says why a program can't be started", function()
    local process, message, info = ipc.spawn { argv = { "/nonexistent" }, env = {} }
    assert.is_nil(process)
    assert.equal("/nonexistent: No such file or directory", message)
    assert.equal("limit", info.class)
  end)

  for _, case in ipairs {
    { { env = {} }, "field 'argv': expected an array of at least 1 strings" },
    { { argv = {}, env = {} }, "field 'argv': expected an array of at least 1 strings" },
    { { argv = { "/bin/true" }, env = { 1 } }, "field 'env': expected strings without a NUL byte" },
    { { argv = { "/bin/true", "a\0b" }, env = {} }, "field 'argv': expected strings without a NUL byte" },
    { { argv = { "/bin/true" }, env = {}, keep = { "x" } }, "field 'keep': expected at most 16 descriptors" },
  } do
    it("raises: " .. case[2], function()
      local ok, message = pcall(ipc.spawn, case[1])
      assert.is_false(ok)
      assert.equal(case[2], message)
    end)
  end
end)

describe("a process", function()
  it("is closed once and for all", function()
    local process = assert(ipc.spawn { argv = { "/usr/bin/tail", "-f", "/dev/null" }, env = {} })
    process:close()
    process:close()
    local ok, message = pcall(process.wait, process, 0)
    assert.is_false(ok)
    assert.is_truthy(message:find("is closed", 1, true))
  end)

  it("wants a time in milliseconds", function()
    local process = assert(ipc.spawn { argv = { "/bin/true" }, env = {} })
    local ok, message = pcall(process.wait, process, -1)
    assert.is_false(ok)
    assert.is_truthy(message:find("expected milliseconds", 1, true))
    process:close()
  end)
end)

describe("ipc.hold_signals", function()
  it("makes a signal wait for the one who waits for processes", function()
    ipc.hold_signals(true)
    finally(function() ipc.hold_signals(false) end)
    local process = assert(ipc.spawn { argv = { "/bin/sh", "-c", "kill -HUP $PPID; exec tail -f /dev/null" }, env = {},
      signals = true })
    assert.same({ "signal", 1 }, { process:wait(LONG_MS) })
    process:close()
  end)
end)

describe("ipc.listen", function()
  it("gives a socket on loopback and its port", function()
    local listener, port = ipc.listen("127.0.0.1", 0)
    assert.is_true(port > 0)
    local other, message, info = ipc.listen("127.0.0.1", port)
    assert.is_nil(other)
    assert.equal(("listen on 127.0.0.1:%d: Address already in use"):format(port), message)
    assert.equal("limit", info.class)
    listener:close()
    listener:close()
    local ok = pcall(listener.fd, listener)
    assert.is_false(ok)
    other = assert(ipc.listen("127.0.0.1", port))
    other:close()
  end)

  it("takes loopback addresses and ports", function()
    local listener, message, info = ipc.listen("0.0.0.0", 0)
    assert.is_nil(listener)
    assert.equal("expected an address of 127.0.0.0/8, or ::1", message)
    assert.equal("argument", info.class)
    assert.is_false((pcall(ipc.listen, "127.0.0.1", 65536)))
  end)
end)
