--- Many callers at once in HAProxy: each has its right answer, in full batches and within the quota, also where HAProxy
-- takes turns away from them at every hundredth instruction.
local cjson = require("cjson").new()
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local CALLERS, QPS, SECOND_US = 200, 10, 1000000

local PROXIES = [[
frontend front
  bind {front}
  http-request use-service lua.status if { path /status }
  http-request use-service lua.audit if { path /audit }
]]

-- The threads' states share the quota through the home. The guard is wide, as the machine may be busy.
local SCRIPT = [[
local client = open { home = {home}, qps = {qps}, guard = 0.5 }
serve("status", function(applet) return questions.rows(client:status { applet.qs }) end)
serve("audit", function(applet)
  local rows = {}
  for row in client:audit(applet.qs:gmatch("%x+")) do rows[#rows + 1] = row end
  return questions.rows(rows)
end)
]]

-- The serial numbers of the callers, and what each is: {serial =, row =} of good, revoked and unknown ones in turn.
local function make_serials(folder)
  local index, made = {}, {}
  for i = 1, CALLERS do
    local serial = ("%08x"):format(0x10000000 + i * 7919)
    if i % 3 == 0 then
      made[i] = { serial = serial, row = ("%s %s unknown - - -\n"):format(serial, serial) }
    elseif i % 3 == 1 then
      index[#index + 1] = ("V\t391124041809Z\t\t%s\tunknown\t/CN=%d\n"):format(serial:upper(), i)
      made[i] = { serial = serial, row = ("%s %s good - - -\n"):format(serial, serial) }
    else
      index[#index + 1] = ("R\t391124041809Z\t251124041809Z,keyCompromise\t%s\tunknown\t/CN=%d\n"):format(
        serial:upper(), i)
      made[i] = { serial = serial, row = ("%s %s revoked 1763957889 - -\n"):format(serial, serial) }
    end
  end
  files.write(folder .. "/index.txt", table.concat(index))
  return made
end

-- The most arrivals that any second has seen, and how many calls were refused.
local function judge_log(path)
  local arrivals, refused, most = {}, 0, 0
  for line in files.read(path):gmatch("[^\n]+") do
    local call = cjson.decode(line)
    arrivals[#arrivals + 1] = call.arrival_us
    if call.http_status ~= 200 then refused = refused + 1 end
  end
  table.sort(arrivals)
  local first = 1
  for last = 1, #arrivals do
    while arrivals[last] - arrivals[first] >= SECOND_US do first = first + 1 end
    most = math.max(most, last - first + 1)
  end
  return most, refused, #arrivals
end

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, made

    before_each(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      made = make_serials(folder)
      service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", tostring(QPS),
        "--log", folder .. "/calls.ndjson" }
    end)

    after_each(function()
      if service then emulator.stop(service) end
      ipc.remove_folder(folder)
    end)

    local function with_haproxy(settings, f)
      local host = haproxy.start { load = load, service = service, script = SCRIPT, proxies = PROXIES,
        global = settings, values = { qps = tostring(QPS) } }
      local ok, problem = pcall(f, host)
      haproxy.stop(host)
      assert(ok, problem)
    end

    it(("answers %d callers at once, and is never throttled"):format(CALLERS), function()
      with_haproxy("", function(host)
        local paths, expected = {}, {}
        for i, one in ipairs(made) do paths[i], expected[i] = "/status?" .. one.serial, one.row end
        assert.are.same(expected, live.ask_all(host, paths))
        local most, refused, calls = judge_log(folder .. "/calls.ndjson")
        assert.are.equal(0, refused)
        assert.is_true(most <= QPS, most .. " calls in a second")
        assert.is_true(calls <= CALLERS / 10, calls .. " calls")
      end)
    end)

    it("answers callers and audits alike that are preempted all the time", function()
      with_haproxy("tune.lua.forced-yield 100", function(host)
        local paths, expected = {}, {}
        for i = 1, 30 do paths[i], expected[i] = "/status?" .. made[i].serial, made[i].row end
        for first = 31, 120, 30 do
          local serials, rows = {}, {}
          for i = first, first + 29 do
            serials[#serials + 1], rows[#rows + 1] = made[i].serial, made[i].row
          end
          paths[#paths + 1], expected[#expected + 1] = "/audit?" .. table.concat(serials, ","), table.concat(rows)
        end
        assert.are.same(expected, live.ask_all(host, paths))
        local most, refused = judge_log(folder .. "/calls.ndjson")
        assert.are.equal(0, refused)
        assert.is_true(most <= QPS, most .. " calls in a second")
      end)
    end)
  end)
end
