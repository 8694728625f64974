--- Many callers at once in HAProxy: each has its right answer, in full batches and within the quota, also where HAProxy
-- takes turns away from them at every hundredth instruction.
local callers = require "spec.host.callers"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local haproxy = require "spec.host.haproxy_server"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local CALLERS, QPS = 200, 10

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

for _, load in ipairs { "lua-load", "lua-load-per-thread" } do
  describe("in HAProxy by " .. load, function()
    local folder, service, made

    before_each(function()
      folder = files.folder()
      files.shell("mkdir " .. folder .. "/newcerts")
      made = callers.make(folder, CALLERS)
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
        local most, refused, calls = callers.judge(folder .. "/calls.ndjson")
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
        local most, refused = callers.judge(folder .. "/calls.ndjson")
        assert.are.equal(0, refused)
        assert.is_true(most <= QPS, most .. " calls in a second")
      end)
    end)
  end)
end
