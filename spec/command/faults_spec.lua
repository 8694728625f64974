--- The command against each fault of README's table, which says what must come of it: one clear line, the right exit
-- code, no guess, no serial lost, no secret shown, no call but those that were permitted.
local cjson = require("cjson").new()
local canaries = require "spec.support.canaries"
local emulator = require "spec.emulator.emulator"
local fault_table = require "spec.support.fault_table"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local rule = require "certstat.emulator.faults.rule"

local STRANGER = "ab12"
local AT_ONCE = 16

local function is_handshake(case) return rule.read(case.fault).handshake end

-- A case with some things changed, and a fault of its own.
local function variant(case, words, changes)
  local other, fault = {}, {}
  for name, value in pairs(case) do other[name] = value end
  for name, value in pairs(case.fault) do fault[name] = value end
  other.name, other.fault = case.name .. words, fault
  for name, value in pairs(changes) do other[name] = value end
  return other
end

-- Each line over HTTP/1.1 and over HTTP/2. What fails each time is tried again: where only the first call fails,
-- nothing is lost.
local function variants(cases)
  local all = {}
  for _, case in ipairs(cases) do
    all[#all + 1] = case
    if not is_handshake(case) then all[#all + 1] = variant(case, ", over HTTP/2", { http2 = true }) end
    if case.calls == 4 then
      local first = variant(case, " on the first call, over HTTP/2", {
        rows = "right", class = "", code = "", calls = 2, exit = 1, http2 = true,
      })
      first.fault.calls = "1"
      all[#all + 1] = first
    end
  end
  return all
end

local CASES = variants(fault_table.read())

describe("a fault of the service", function()
  local folder, asked, running = nil, nil, {}

  -- The certificates that are asked about, and what is right of them.
  local function make_serials()
    local found = {}
    for _, certificate in ipairs(files.make_ca(folder, 2, 1)) do found[certificate.status] = certificate.serial end
    asked = { found.good, found.revoked, STRANGER }
  end

  local function start(scenario, ...)
    files.write(folder .. "/scenario", cjson.encode { faults = scenario })
    local one = emulator.start { "--ca", folder .. "/ca/sub", "--qps", "1000", "--access-key-file", folder .. "/keys",
      "--log", folder .. "/log", "--faults", folder .. "/scenario", ... }
    running[#running + 1] = one
    return one
  end

  -- One emulator of each protocol for all that an access key can tell apart, and one for each fault of a handshake.
  local function start_emulators()
    local scenarios, keys = { plain = {}, http2 = {} }, {}
    for i, case in ipairs(CASES) do
      case.id = ("row%d"):format(i)
      keys[i] = case.id .. ":" .. canaries.SECRET
      if not is_handshake(case) then
        case.fault.access_key_id = case.id
        local scenario = case.http2 and scenarios.http2 or scenarios.plain
        scenario[#scenario + 1] = case.fault
      end
    end
    files.write(folder .. "/keys", table.concat(keys, "\n"))
    local plain, http2 = start(scenarios.plain), start(scenarios.http2, "--tls")
    for _, case in ipairs(CASES) do
      case.emulator = is_handshake(case) and start({ case.fault }, "--tls") or case.http2 and http2 or plain
    end
  end

  -- A home each, for the retry budget lies in it.
  local function write_script(case)
    local at = folder .. "/" .. case.id
    local ca = case.emulator.ca and "--ca-file " .. case.emulator.ca or ""
    files.shell("mkdir " .. at)
    files.write(at .. "/run", ("env -i PATH='%s' HOME='%s' LUA_PATH='%s' LUA_CPATH='%s' "
      .. "ALIBABA_CLOUD_ACCESS_KEY_ID='%s' ALIBABA_CLOUD_ACCESS_KEY_SECRET='%s' timeout 100 "
      .. "'%s' status %s --format csv --verbose --home %s/home --endpoint %s %s %s "
      .. "> %s/out 2> %s/err < /dev/null\necho $? > %s/exit\n"):format(
      os.getenv("PATH"), at, os.getenv("LUA_PATH"), os.getenv("LUA_CPATH"), case.id,
      canaries.SECRET, os.getenv("CERTSTAT"),
      table.concat(asked, " "), at, case.emulator.url, ca, case.options, at, at, at))
  end

  setup(function()
    folder = files.folder()
    make_serials()
    start_emulators()
    for _, case in ipairs(CASES) do write_script(case) end
    files.shell(("ls %s/row*/run | xargs -n 1 -P %d sh"):format(folder, AT_ONCE))
  end)

  teardown(function()
    for _, one in ipairs(running) do emulator.stop(one) end
    ipc.remove_folder(folder)
  end)

  -- The lines of the log that are a case's, each of another nonce and of a call that was accepted.
  local function arrivals(case)
    local count, seen = 0, {}
    for line in files.read(folder .. "/log"):gmatch("[^\n]+") do
      local call = cjson.decode(line)
      if call.access_key_id == case.id then
        count = count + 1
        assert.equal(200, call.http_status)
        assert.is_nil(seen[call.nonce])
        seen[call.nonce] = true
      end
    end
    return count
  end

  for _, case in ipairs(CASES) do
    it("has the outcome of README's table: " .. case.name, function()
      local at = folder .. "/" .. case.id
      local out, err = files.read(at .. "/out"), files.read(at .. "/err")
      assert.equal(case.exit, tonumber(files.read(at .. "/exit")), out .. err)
      local i = 0
      for row in out:gmatch("\n([^\n]+)") do
        i = i + 1
        local serial, key, status, class, code = row:match("^(%x+),(%x+),(%l+),[^,]*,(%l*),([%w.]*),")
        assert.same({ asked[i], asked[i], fault_table.status(case, i) }, { serial, key, status }, out .. err)
        local is_error = status == "error"
        assert.same({ is_error and case.class or "", is_error and case.code or "" }, { class, code }, row)
      end
      assert.equal(#asked, i)
      local counted = tonumber(err:match("\n(%d+) calls?,"))
      assert.equal(counted, arrivals(case))
      assert.is_true(counted == case.calls or case.or_more and counted > case.calls, err)
      canaries.check(out .. err, case.name)
      assert.is_nil((out .. err):find("stack traceback", 1, true))
    end)
  end

  it("is in README's table, of whatever kind it is, and each line of it is read", function()
    local named = {}
    assert.equal(select(2, files.read("README.md"):gsub("\n| `{", "")), #fault_table.read())
    for _, case in ipairs(CASES) do named[case.fault.fault] = true end
    for kind in pairs(rule.kinds) do assert.is_true(named[kind], kind) end
  end)
end)
