--- The command against each value of each of the emulator's switches: whichever way the service is, the rows are right.
local certstat = require "certstat"
local command = require "certstat.command"
local emulator = require "spec.emulator.emulator"
local fake = require "spec.command.fake"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local record = require "certstat.record"
local switches = require "certstat.emulator.switches"

local STATUS = "DescribeClientCertificateStatusForSerialNumber"
local INDEX = "V\t391124041809Z\t\t0A1B\tunknown\t/CN=a\n"
  .. "R\t391124041809Z\t240102030405Z,keyCompromise\t0C2D\tunknown\t/CN=b\n"
  .. "E\t231124041809Z\t\tB67E53EB\tunknown\t/CN=c\n"
local STRANGER = "ab12"
local TO_THE_MINUTE = { date = true, ["zoned-date"] = true }

describe("the command, whatever the documentation leaves open:", function()
  local folder, open, tight

  setup(function()
    folder = files.folder()
    files.shell("mkdir -p " .. folder .. "/ca/newcerts")
    files.write(folder .. "/ca/index.txt", INDEX)
    local keys = {}
    for i = 1, 9 do keys[i] = ('{"id":"demo%d","secret":"throw-away","account":"%d"}'):format(i, i) end
    files.write(folder .. "/keys", "[" .. table.concat(keys, ",") .. "]")
    local function start(qps)
      return emulator.start { "--ca", folder .. "/ca", "--access-key-file", folder .. "/keys", "--qps", qps }
    end
    open, tight = start("1000000"), start("2")
  end)

  teardown(function()
    emulator.stop(open)
    emulator.stop(tight)
    ipc.remove_folder(folder)
  end)

  -- All switches as they usually are, but for these.
  local function set(running, changes)
    local settings, parts = switches.usual(), {}
    for name, value in pairs(changes) do settings[name] = value end
    for name, value in pairs(settings) do parts[#parts + 1] = name .. "=" .. value end
    assert.equal(200, (emulator.order(running, "POST", "/switches?" .. table.concat(parts, "&"))))
  end

  local function counters(running)
    local _, counted = emulator.order(running, "GET", "/counters")
    return counted
  end

  -- Runs a command line of words with the client's real calls. quota: of which nobody else has a share.
  local function run(running, key, quota, line)
    local argv = {}
    for word in (line .. " --format csv --quiet --endpoint " .. running.url):gmatch("%S+") do
      argv[#argv + 1] = word
    end
    local environment = {
      stdin = fake.stream(), stdout = fake.stream(), stderr = fake.stream(), now_ns = ipc.now_ns,
      getenv = function() return nil end, isatty = function() return false end, hold_signals = function() end,
      state_asked = function() return false end, wall_seconds = function() return ipc.wall_ns() / 1e9 end,
      record = function() return record.none() end,
      client = function(options)
        options.credentials = { access_key_id = key, access_key_secret = "throw-away" }
        options.quota = certstat.quota(quota)
        return certstat.client(options)
      end,
    }
    local code = command.run(argv, environment)
    assert.equal("", environment.stderr.written)
    return environment.stdout.written:match("^[^\n]*\n(.*)$"), code
  end

  local UNHURRIED = { rate = 400, window = 0.001, guard = 0 }

  local STRANGERS = {
    unknown = { STRANGER .. "," .. STRANGER .. ",unknown,,,,\r\n", 1 },
    absent = { STRANGER .. "," .. STRANGER .. ",absent,,,,\r\n", 1 },
    refused = { STRANGER .. "," .. STRANGER .. ",error,,argument,NotFound,"
      .. STATUS .. ": the service answered NotFound (HTTP 404): SerialNumber: one of them is not known.\r\n",
      3 },
  }

  local function has_right_rows(name, value)
    local at = TO_THE_MINUTE[value] and "2024-01-02T03:04:00Z" or "2024-01-02T03:04:05Z"
    local stranger = STRANGERS[name == "strangers" and value or "unknown"]
    local rows, code = run(open, "demo1", UNHURRIED, "status 0A:1B a1b C2D b67e53eb xyz " .. STRANGER)
    assert.equal("0A:1B,0a1b,good,,,,\r\na1b,0a1b,good,,,,\r\nC2D,0c2d,revoked," .. at .. ",,,\r\n"
      .. "b67e53eb,b67e53eb,good,,,,\r\nxyz,,invalid,,argument,InvalidSerialNumber,"
      .. "\"serial number: expected a hexadecimal digit, found 'x' at character 1\"\r\n" .. stranger[1], rows)
    assert.equal(stranger[2], code)
    rows, code = run(open, "demo1", UNHURRIED, "audit --from list --columns key,status,revoked_at")
    assert.equal("0a1b,good,\r\n0c2d,revoked," .. at .. "\r\nb67e53eb,good,\r\n", rows)
    assert.equal(1, code)
  end

  for _, switch in ipairs(switches.list) do
    for _, value in ipairs(switch.name:find("^throttle") and {} or switch.values) do
      it(("%s=%s"):format(switch.name, value), function()
        set(open, { [switch.name] = value })
        has_right_rows(switch.name, value)
      end)
    end
  end

  it("what no serial does, which status never sends, and a call may", function()
    local client = assert(certstat.client {
      endpoint = open.url, credentials = { access_key_id = "demo1", access_key_secret = "throw-away" },
      quota = certstat.quota(UNHURRIED),
    })
    finally(function() client:close() end)
    for value, expected in pairs { unknown = 2, absent = 1 } do
      set(open, { malformed = value })
      assert.equal(expected, #assert(client:call(STATUS, { SerialNumber = "0a1b,xyz" })).CertificateStatus)
    end
    set(open, { malformed = "refused" })
    local reply, message, info = client:call(STATUS, { SerialNumber = "0a1b,xyz" })
    assert.is_nil(reply)
    assert.equal(STATUS .. ": the service answered InvalidParameter (HTTP 400): "
      .. "SerialNumber: one of them is not valid.", message)
    assert.equal("argument", info.class)
  end)

  -- An account each, so that none has to wait for another's calls.
  for i, case in ipairs {
    { "400", "Throttling.User", "x-acs-retry-after" }, { "429", "Throttling", "x-ratelimit" },
    { "503", "Throttling.Api", "none" }, { "400", "Throttling", "both" },
  } do
    it(("a throttle of status %s, code %s, fields %s"):format(case[1], case[2], case[3]), function()
      set(tight, { ["throttle-status"] = case[1], ["throttle-code"] = case[2], ["throttle-headers"] = case[3] })
      local before = counters(tight)
      local rows, code = run(tight, "demo" .. i, UNHURRIED, "status --batch 1 0a1b 0c2d b67e53eb")
      assert.equal("0a1b,0a1b,good,,,,\r\n0c2d,0c2d,revoked,2024-01-02T03:04:05Z,,,\r\n"
        .. "b67e53eb,b67e53eb,good,,,,\r\n", rows)
      assert.equal(1, code)
      local after = counters(tight)
      local throttled = (after.codes[case[2]] or 0) - (before.codes[case[2]] or 0)
      assert.is_true(throttled > 0)
      assert.equal(3 + throttled, after.calls - before.calls)
    end)
  end

  it("a fixed window, in which calls that keep to a sliding one are all accepted", function()
    set(tight, { window = "fixed" })
    local before = counters(tight)
    run(tight, "demo9", { rate = 2, window = 1, guard = 0.5 }, "status --batch 1 0a1b 0c2d b67e53eb")
    local after = counters(tight)
    assert.same({ 3, before.codes }, { after.calls - before.calls, after.codes })
  end)
end)
