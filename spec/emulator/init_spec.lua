--- The supervisor: how the emulator starts, how it ends, and what it leaves behind, which is nothing.
local emulator = require "certstat.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local started = require "spec.emulator.emulator"

local SIGKILL, SIGINT, SIGHUP = 9, 2, 1

describe("the emulator's supervisor", function()
  local folder

  before_each(function()
    folder = files.folder()
    files.shell("mkdir -p " .. folder .. "/ca/newcerts " .. folder .. "/tmp")
    files.write(folder .. "/ca/index.txt", "V\t271124041809Z\t\t0A1B\tunknown\t/CN=x\n")
  end)

  after_each(function() ipc.remove_folder(folder) end)

  local function start()
    return started.start({ "--ca", folder .. "/ca" }, { "TMPDIR=" .. folder .. "/tmp" })
  end

  local function left() return files.shell("ls " .. folder .. "/tmp") end

  -- whether something still answers at the emulator's port
  local function is_served(running)
    return pcall(files.shell, "curl -s --max-time 5 -o /dev/null " .. running.url)
  end

  for name, signal in pairs { SIGTERM = 15, SIGINT = SIGINT, SIGHUP = SIGHUP } do
    it("says where it listens, serves until " .. name .. ", and leaves nothing behind", function()
      local running = start()
      assert.is_truthy(running.output:find(
        "^listening on http://127%.0%.0%.1:%d+\ncontrol socket [^\n]*/tmp/certstat%-emulator%-%w+/control\n$"))
      assert.is_true(is_served(running))
      assert.is_truthy(left():find("^certstat%-emulator%-%w+\n$"))
      assert.same({ "exited", 0 }, { started.stop(running, signal) })
      assert.equal("", left())
      assert.is_false(is_served(running))
    end)
  end

  it("keeps its folder and what is in it from others", function()
    local running = start()
    finally(function() started.stop(running) end)
    assert.equal("700\n600\n", files.shell("stat -c %a " .. folder .. "/tmp/certstat-emulator-* " .. running.control))
    assert.is_nil(files.shell("grep -rl throw-away " .. folder .. "/tmp || true"):find("%w"))
  end)

  it("keeps the keys of its TLS to itself, and takes them away with it", function()
    local running = started.start({ "--ca", folder .. "/ca", "--tls" }, { "TMPDIR=" .. folder .. "/tmp" })
    local keys = files.shell("stat -c '%a' " .. folder .. "/tmp/*/*.key")
    local answered = files.shell(("curl -sS --max-time 20 --cacert %s %s"):format(running.ca, running.url))
    assert.same({ "exited", 0 }, { started.stop(running) })
    assert.equal("600\n600\n", keys)
    assert.is_truthy(answered:find("MissingAccessKeyId", 1, true))
    assert.equal("", left())
  end)

  it("ends nginx and removes the folder even where it is killed itself", function()
    local running = start()
    local master = files.shell("cat " .. folder .. "/tmp/*/nginx.pid"):match("%d+")
    running.process:signal(SIGKILL)
    local kind
    repeat kind = running.process:wait(30000) until kind ~= "output"
    assert.equal("killed", kind)
    files.shell("timeout 20 tail --pid=" .. master .. " -f /dev/null")
    assert.equal("", left())
    assert.is_false(is_served(running))
    running.process:close()
  end)

  it("ends where nginx is killed", function()
    local running = start()
    files.shell("kill -9 $(cat " .. folder .. "/tmp/*/nginx.pid)")
    local kind, status
    repeat kind, status = running.process:wait(30000) until kind ~= "output"
    running.process:close()
    assert.same({ "exited", 3 }, { kind, status })
    assert.equal("", left())
  end)

  local function run(changes)
    local options = {
      folders = { folder .. "/ca" }, address = "127.0.0.1", port = 0,
      keys = { { id = "demo", secret = "x", account = "default" } }, qps = 10,
      temporary = folder .. "/tmp", announce = function() error("it must not start") end,
    }
    for name, value in pairs(changes) do options[name] = value end
    local ok, message, info = emulator.run(options)
    assert.is_nil(ok)
    assert.equal("", left())
    return message, info.class
  end

  it("says why it can't start", function()
    assert.same({ folder .. "/none/index.txt: No such file or directory", "limit" },
      { run { folders = { folder .. "/none" } } })
    assert.same({ "/nonexistent/log: No such file or directory", "limit" }, { run { log = "/nonexistent/log" } })
    assert.same({ "fault 1: expected an object", "limit" }, { run { faults = '{"faults":[7]}' } })
    files.write(folder .. "/ca/index.txt", "damaged\n")
    assert.same({ folder .. "/ca/index.txt:1: expected V, R or E and six columns", "limit" }, { run {} })
    assert.equal(1, (run { temporary = folder .. "/tmp/none" }):find(folder .. "/tmp/none/certstat-emulator-", 1, true))
    local listener, port = ipc.listen("127.0.0.1", 0)
    assert.same({ ("listen on 127.0.0.1:%d: Address already in use"):format(port), "limit" }, { run { port = port } })
    listener:close()
  end)

  it("removes its folder where it fails by a fault of its own", function()
    local nginx = require "certstat.emulator.nginx"
    local find = nginx.find
    finally(function() nginx.find = find end)
    nginx.find = function() error("broken", 0) end
    local ok, message = pcall(run, {})
    assert.is_false(ok)
    assert.equal("broken", message)
    assert.equal("", left())
  end)
end)
