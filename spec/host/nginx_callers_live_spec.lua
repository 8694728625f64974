--- Many callers at once in nginx: each has its right answer, in full batches and within the quota that the workers
-- share.
local callers = require "spec.host.callers"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"

local CALLERS, QPS, WORKERS = 200, 10, 2

-- The guard is wide, as the machine may be busy.
local SCRIPT = [[
client = open { home = "{home}", qps = {qps}, guard = 0.5 }
]]

local LOCATIONS = [[
location = /status { content_by_lua_block { ngx.print(questions.rows(client:status { ngx.var.arg_serial })) } }
location = /audit {
  content_by_lua_block {
    local rows, row = {}, nil
    local next_row = client:audit(ngx.var.arg_serials:gmatch("%x+"))
    repeat
      row = next_row()
      rows[#rows + 1] = row
    until not row
    ngx.print(questions.rows(rows))
  }
}
]]

describe("in nginx", function()
  local folder, service, made, host

  before_each(function()
    folder = files.folder()
    files.shell(("cd %s && chmod 755 . && mkdir newcerts && install -d -o nobody -m 700 home"):format(folder))
    made = callers.make(folder, CALLERS)
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", tostring(QPS),
      "--log", folder .. "/calls.ndjson" }
    host = nginx.start { service = service, script = SCRIPT, locations = LOCATIONS, workers = WORKERS,
      values = { qps = tostring(QPS), home = folder .. "/home" } }
  end)

  after_each(function()
    if host then nginx.stop(host) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  -- Returns how many calls there were.
  local function assert_quota()
    local most, refused, calls = callers.judge(folder .. "/calls.ndjson")
    assert.are.equal(0, refused)
    assert.is_true(most <= QPS, most .. " calls in a second")
    return calls
  end

  it(("answers %d callers at once, and is never throttled"):format(CALLERS), function()
    local paths, expected = {}, {}
    for i, one in ipairs(made) do paths[i], expected[i] = "/status?serial=" .. one.serial, one.row end
    assert.are.same(expected, live.ask_all(host, paths))
    local calls = assert_quota()
    assert.is_true(calls <= CALLERS / 10, calls .. " calls")
  end)

  it("answers callers while audits go on", function()
    local paths, expected = {}, {}
    for first = 1, 120, 60 do
      local serials, rows = {}, {}
      for i = first, first + 59 do serials[#serials + 1], rows[#rows + 1] = made[i].serial, made[i].row end
      paths[#paths + 1], expected[#expected + 1] = "/audit?serials=" .. table.concat(serials, ","), table.concat(rows)
    end
    for i = 121, CALLERS do
      paths[#paths + 1], expected[#expected + 1] = "/status?serial=" .. made[i].serial, made[i].row
    end
    assert.are.same(expected, live.ask_all(host, paths))
    assert_quota()
  end)

  it("keeps to the quota when a worker is killed in the middle", function()
    local audits = {}
    for first = 1, 120, 60 do
      local serials = {}
      for i = first, first + 59 do serials[#serials + 1] = made[i].serial end
      audits[#audits + 1] = live.ask_later(host, "/audit?serials=" .. table.concat(serials, ","))
    end
    live.await(function() return #files.read(folder .. "/calls.ndjson") > 0 end)
    nginx.signal(host, "KILL", nginx.workers(host)[1])
    local paths, expected = {}, {}
    for i = 121, CALLERS do
      paths[#paths + 1], expected[#expected + 1] = "/status?serial=" .. made[i].serial, made[i].row
    end
    assert.are.same(expected, live.ask_all(host, paths))
    for _, asked in ipairs(audits) do live.answer(asked) end
    assert_quota()
  end)
end)
