--- The probe against the emulator, with each value of each switch that it can tell apart.
local cjson = require("cjson").new()
local emulator = require "spec.emulator.emulator"
local examination = require "certstat.command.doctor.examination"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local probe = require "certstat.command.doctor.probe"

local CHECKS = { "strangers", "batch", "serials", "times", "window", "set" }
local WINDOW = "neither the rate nor whether its window slides can be learned without more calls in a second than the "
  .. "quota has, which would throttle all who share it; certstat's pace is right for both kinds"

describe("certstat doctor --probe", function()
  local folder, any, fifty

  setup(function()
    folder = files.folder()
    files.make_ca(folder, 60, 8)
    any = emulator.start { "--ca", folder .. "/ca/sub", "--qps", "1000" }
    fifty = emulator.start { "--ca", folder .. "/ca/sub", "--qps", "1000", "--max-serials", "50", "--log",
      folder .. "/log" }
  end)

  teardown(function()
    emulator.stop(any)
    emulator.stop(fifty)
    ipc.remove_folder(folder)
  end)

  -- The probe's rows, {status, message} by their checks, and how many calls were spent. changes: of the options.
  local function run(service, changes)
    local env = { HOME = folder, ALIBABA_CLOUD_ACCESS_KEY_ID = "demo", ALIBABA_CLOUD_ACCESS_KEY_SECRET = "throw-away" }
    local options = { endpoint = service.url, home = folder .. "/home", qps = 400, guard = 0, probe = true,
      getenv = function(name) return env[name] end, on_wait = function() end }
    for name, value in pairs(changes or {}) do options[name] = value end
    local rows = {}
    local spent = assert(examination.run(options, function(row) rows[row.check] = { row.status, row.message } end))
    assert.is_true(spent <= probe.MOST)
    return rows, spent
  end

  local function switch(service, name, value)
    assert.equal(200, (emulator.order(service, "POST", ("/switches?%s=%s"):format(name, value))))
  end

  local function fits(rows)
    local number, limit = rows.batch[2]:match("^(%d+) serials in one call, the most that was tried: (.*)$")
    assert.equal("more do not fit into a URL", limit)
    return tonumber(number)
  end

  it("learns all that can be learned of a service that takes any number", function()
    local before = select(2, emulator.order(any, "GET", "/counters")).calls
    local rows, spent = run(any)
    assert.equal(before + spent, select(2, emulator.order(any, "GET", "/counters")).calls)
    assert.is_true(fits(rows) > 150)
    assert.same({ "ok", "--batch " .. fits(rows) }, rows.set)
    assert.same({ "ok", "a serial that was never issued is unknown" }, rows.strangers)
    assert.equal("ok", rows.serials[1])
    assert.is_truthy(rows.serials[2]:find("^understood: lower case; not understood: upper case, .*colons; not tried: "),
      rows.serials[2])
    assert.is_truthy(rows.times[2]:find("^RevokeTime is milliseconds: 20%d%d%-"), rows.times[2])
    assert.same({ "skipped", WINDOW }, rows.window)
    assert.is_true(spent <= 10)
  end)

  it("learns the largest batch", function()
    local rows = run(fifty)
    assert.same({ "ok", "50 serials in one call, and no more" }, rows.batch)
    assert.same({ "ok", "--batch 50" }, rows.set)
    rows = run(any, { batch = 40 })
    assert.same({ "ok", "40 serials in one call, the most that was tried: as --batch says" }, rows.batch)
  end)

  local times = { milliseconds = "milliseconds", seconds = "seconds", digits = "milliseconds in a string",
    date = "a date", ["zoned-date"] = "a date" }
  for value, shape in pairs(times) do
    it("learns how times are written: " .. value, function()
      switch(any, "revoke-time", value)
      local rows = run(any)
      switch(any, "revoke-time", "milliseconds")
      assert.equal("ok", rows.times[1])
      assert.is_truthy(rows.times[2]:find(("^RevokeTime is %s: 20%%d%%d"):format(shape)), rows.times[2])
    end)
  end

  it("learns what a serial is that was never issued, and does without where it is refused", function()
    switch(any, "strangers", "absent")
    local rows = run(any)
    assert.same({ "ok", "a serial that was never issued is left out: certstat says absent" }, rows.strangers)
    assert.is_true(fits(rows) > 150)
    switch(any, "strangers", "refused")
    rows = run(any)
    switch(any, "strangers", "unknown")
    assert.same({ "warning", "a serial that was never issued has its whole call refused: certstat asks again without "
      .. "it" }, rows.strangers)
    assert.same({ "ok", "60 serials in one call, the most that was tried: the service lists no more, or they do not "
      .. "fit into a URL" }, rows.batch)
  end)

  it("learns which forms of serials are understood", function()
    switch(any, "serial-input", "any")
    local rows = run(any)
    assert.is_truthy(rows.serials[2]:find("^understood: lower case, upper case, .*not understood: "), rows.serials[2])
    switch(any, "serial-input", "exact")
    switch(any, "serial-form", "upper")
    rows = run(any)
    assert.is_truthy(rows.serials[2]:find("^understood: lower case, upper case; not understood: "), rows.serials[2])
    switch(any, "serial-form", "lower")
  end)

  for _, value in ipairs { "refused", "unknown", "absent" } do
    it("learns them whatever comes of what is malformed: " .. value, function()
      switch(any, "malformed", value)
      local rows = run(any)
      switch(any, "malformed", "refused")
      assert.equal("ok", rows.serials[1])
      assert.is_truthy(rows.serials[2]:find("not understood: [^;]*colons;"), rows.serials[2])
    end)
  end

  it("is the same whatever the order, and the kind of window", function()
    local plain = run(any)
    for name, value in pairs { order = "reversed", window = "fixed", ["no-revoke-time"] = "null" } do
      switch(any, name, value)
      local rows = run(any)
      for _, check in ipairs(CHECKS) do assert.same(plain[check][1], rows[check][1]) end
      assert.equal(plain.batch[2], rows.batch[2])
    end
    for name, value in pairs { order = "asked", window = "sliding", ["no-revoke-time"] = "zero" } do
      switch(any, name, value)
    end
  end)

  it("waits for the quota that all share, and says how many calls it made", function()
    local rows, spent = run(fifty, { qps = 10, account = "paced" })
    local arrivals = {}
    for line in files.read(folder .. "/log"):gmatch("[^\n]+") do
      arrivals[#arrivals + 1] = cjson.decode(line).arrival_us
    end
    assert.equal(("%d calls of the account's quota spent"):format(spent), rows.calls[2])
    assert.is_true(spent > 10)
    -- a window, but for what a busy machine takes from it
    assert.is_true(arrivals[#arrivals] - arrivals[#arrivals - 10] > 500000)
  end)

  it("stops where the service throttles", function()
    emulator.fail(any, '{"fault":"error","status":400,"code":"Throttling.User","calls":"5-"}')
    local rows, spent = run(any)
    emulator.fail(any, "")
    assert.equal(5, spent)
    assert.equal("warning", rows.batch[1])
    assert.is_truthy(rows.batch[2]:find("Throttling.User", 1, true))
    assert.same({ "skipped", "nothing was learned that can be set" }, rows.set)
    assert.equal("skipped", rows.times[1])
  end)

  it("does nothing where what stands before it is not in order", function()
    emulator.fail(any, '{"fault":"error","status":403,"code":"NoPermission"}')
    local rows = run(any)
    emulator.fail(any, "")
    assert.same({ "skipped", "what stands before it is not in order" }, rows.probe)
    assert.is_nil(rows.batch)
  end)

  it("says that there is nothing to ask about", function()
    emulator.fail(any, '{"fault":"field","name":"CertificateList","value":[]}')
    local rows = run(any)
    emulator.fail(any, "")
    for _, check in ipairs { "strangers", "batch", "serials", "times" } do
      assert.same({ "skipped", "the service lists no certificate to ask about" }, rows[check])
    end
  end)
end)
