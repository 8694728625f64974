local fake = require "spec.command.fake"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local switches = require "certstat.emulator.switches"

describe("certstat emulator", function()
  local emulator = require "certstat.emulator"
  local run = emulator.run
  local given

  before_each(function()
    emulator.run = function(options)
      given = options
      options.announce {
        url = "http://127.0.0.1:8080", control = "/tmp/x/control", ca = options.tls and "/tmp/x/ca.pem",
      }
      return true
    end
  end)

  after_each(function() emulator.run = run end)

  it("prints where it and its control socket are, and nothing else", function()
    local code, out, err = fake.run { "emulator", "--ca", "a", "--access-key", "demo:x" }
    assert.equal("", err)
    assert.equal("listening on http://127.0.0.1:8080\ncontrol socket /tmp/x/control\n", out)
    assert.equal(0, code)
  end)

  it("prints where the CA of its TLS is", function()
    local _, out = fake.run { "emulator", "--ca", "a", "--access-key", "demo:x", "--tls" }
    assert.equal("listening on http://127.0.0.1:8080\ncontrol socket /tmp/x/control\n"
      .. "CA certificate /tmp/x/ca.pem\n", out)
    assert.is_true(given.tls)
  end)

  it("gives the emulator a scenario of faults that can be used", function()
    local folder = files.folder()
    finally(function() ipc.remove_folder(folder) end)
    local path = folder .. "/faults"
    for text, expected in pairs {
      ['{"faults":[{"fault":"endless"}]}'] = "",
      ['{"faults":[{"fault":"expired"}]}'] = path .. ": fault 1: expired: there is no TLS without --tls",
      ["{"] = path .. ': expected {"faults":[…]}, found {',
    } do
      given = nil
      files.write(path, text)
      local code, _, err = fake.run { "emulator", "--ca", "a", "--access-key", "demo:x", "--faults", path }
      assert.equal(expected ~= "" and "certstat: " .. expected .. "\n" or "", err)
      assert.equal(expected ~= "" and 4 or 0, code)
      assert.equal(expected == "" and text or nil, given and given.faults)
    end
    local code, _, err = fake.run { "emulator", "--ca", "a", "--access-key", "demo:x", "--faults", folder .. "/none" }
    assert.equal("certstat: " .. folder .. "/none: No such file or directory\n", err)
    assert.equal(4, code)
  end)

  it("gives the emulator what the options say", function()
    fake.run { "emulator", "--ca", "a", "--ca", "b", "--listen", "127.0.0.1:8080", "--access-key", "demo:x",
      "--qps", "100", "--qps", "ListCert=5", "--max-serials", "50", "--log", "L", "--set", "order=reversed",
      "--set", "strangers=refused", "--set", "strangers=absent" }
    local settings = switches.usual()
    settings.order, settings.strangers = "reversed", "absent"
    given.announce = nil
    assert.same({
      folders = { "a", "b" }, address = "127.0.0.1", port = 8080,
      keys = { { id = "demo", secret = "x", account = "default" } }, qps = 100,
      operation_qps = { ListCert = 5 }, switches = settings, max_serials = 50, log = "L", temporary = "/tmp",
    }, given)
  end)

  it("asks for ten calls a second and any free port by default", function()
    fake.run { "emulator", "--ca", "a", "--access-key", "demo:x" }
    assert.same({ 10, "127.0.0.1", 0 }, { given.qps, given.address, given.port })
    assert.same({ {}, switches.usual() }, { given.operation_qps, given.switches })
    assert.is_nil(given.max_serials)
  end)

  it("takes keys from a file", function()
    local folder = files.folder()
    finally(function() ipc.remove_folder(folder) end)
    files.write(folder .. "/keys", "demo:x\nLTAI5t:y\n")
    fake.run { "emulator", "--ca", "a", "--access-key-file", folder .. "/keys" }
    assert.same({
      { id = "demo", secret = "x", account = "default" }, { id = "LTAI5t", secret = "y", account = "default" },
    }, given.keys)
    files.write(folder .. "/keys", "canary\n")
    local code, out, err = fake.run { "emulator", "--ca", "a", "--access-key-file", folder .. "/keys" }
    assert.equal("certstat: " .. folder .. "/keys: access key: expected ID:SECRET\n", err)
    assert.equal("", out)
    assert.equal(4, code)
    code, out, err = fake.run { "emulator", "--ca", "a", "--access-key-file", folder .. "/none" }
    assert.equal("certstat: " .. folder .. "/none: No such file or directory\n", err)
    assert.equal("", out)
    assert.equal(4, code)
  end)

  for _, case in ipairs {
    { { "--access-key", "demo:x" }, "missing option '--ca' (see certstat emulator --help)" },
    { { "--ca", "a" }, "no access key: give --access-key, --access-key-file or CERTSTAT_EMULATOR_ACCESS_KEY" },
    { { "--ca", "a", "--access-key", "LTAI5t:canary" },
      "access key LTAI5t: it may be a real one, which no command line should hold" },
    { { "--ca", "a", "--access-key", "demo:x", "--listen", "0.0.0.0:80" },
      "listen: expected a loopback address, 127.0.0.1 or [::1] for one, found 0.0.0.0" },
    { { "--ca", "a", "--access-key", "demo:x", "--qps", "0" },
      "--qps: expected a whole number from 1 to 1000000, found '0' (see certstat emulator --help)" },
    { { "--ca", "a", "--access-key", "demo:x", "--qps", "ListCert=0" },
      "--qps: expected a whole number from 1 to 1000000, found '0' (see certstat emulator --help)" },
    { { "--ca", "a", "--access-key", "demo:x", "--qps", "ListCerts=1" },
      "--qps: there is no operation 'ListCerts' (see certstat emulator --help)" },
    { { "--ca", "a", "--access-key", "demo:x", "--set", "order" },
      "--set: expected NAME=VALUE, found 'order' (see certstat emulator --help)" },
    { { "--ca", "a", "--access-key", "demo:x", "--set", "order=any" },
      "--set: order: expected asked or reversed, found 'any' (see certstat emulator --help)" },
    { { "--ca", "a", "--access-key", "demo:x", "--max-serials", "many" },
      "--max-serials: expected a whole number from 1 to 100000, found 'many' (see certstat emulator --help)" },
  } do
    it("refuses " .. table.concat(case[1], " "), function()
      local argv = { "emulator" }
      for _, argument in ipairs(case[1]) do argv[#argv + 1] = argument end
      local code, out, err = fake.run(argv)
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  for class, expected in pairs { limit = 4, closed = 3 } do
    it(("exits with %d where the emulator ends with class %s"):format(expected, class), function()
      emulator.run = function() return nil, "why", { class = class } end
      local code, out, err = fake.run { "emulator", "--ca", "a", "--access-key", "demo:x" }
      assert.equal("certstat: why\n", err)
      assert.equal("", out)
      assert.equal(expected, code)
    end)
  end
end)
