local audit = require "certstat.audit"
local together = require "certstat.together"
local world = require "spec.support.world"

local function good(request)
  return world.statuses(request, function() return "good" end)
end

local function new_world(answer, options)
  options = options or {}
  options.answer, options.rate = answer or good, options.rate or 100
  return world.new(options)
end

local function list(items)
  local i = 0
  return function()
    i = i + 1
    return items[i]
  end
end

local function new_run(w, source, size, lane)
  w.sizes = w.sizes or { limit = size or 50 }
  if type(source) == "table" then source = list(source) end
  w.together = w.together or together.new(w.loop, w.sizes)
  return audit.new(w.together, source, { lane = lane or "audit" })
end

-- All rows of a run, and what it ends with.
local function drain(run)
  local rows = {}
  while true do
    local row, message, info = run:next()
    if not row then return rows, message, info end
    rows[#rows + 1] = row
  end
end

local function rows_of(w, source, size)
  return drain(new_run(w, source, size))
end

local function field(rows, name)
  local values = {}
  for i, row in ipairs(rows) do values[i] = row[name] or false end
  return values
end

-- How many serials each request asked for.
local function counts(w)
  local sizes = {}
  for i, request in ipairs(w.net.started) do sizes[i] = #world.serials(request) end
  return sizes
end

-- A world whose calls have their answers at once; and a function that tells how many serials were asked for.
local function instant_world()
  local w, answers, asked = new_world(nil, { rate = 400, guard_ns = 0 }), {}, 0
  for i = 1, 100 do answers[i] = { status = "good" } end
  w.loop = {
    calls = {}, deadline_ns = function() return 0 end,
    submit = function(_, _, _, query)
      local _, serials = query()
      asked = asked + serials
      return { done = true, reply = answers }
    end,
    wait = function(_, until_done) assert(until_done()) end,
  }
  return w, function() return asked end
end

local function largest_unresolved(w)
  local open, most = 0, 0
  local submit = w.loop.submit
  w.loop.submit = function(...)
    open = open + 1
    most = math.max(most, open)
    return submit(...)
  end
  local finish = w.loop.finish
  w.loop.finish = function(...)
    open = open - 1
    return finish(...)
  end
  return function() return most end
end

describe("audit: rows", function()
  it("are one for each item, in the order asked", function()
    local w = new_world(function(request)
      local plan = world.statuses(request, function(serial)
        return ({ ["01"] = { Status = "revoked", RevokeTime = 1609459200 }, ["02"] = "unknown", ["03"] = "good",
          ["05"] = { Status = "held" } })[serial]
      end)
      plan.ms = request.query.SerialNumber:find("01", 1, true) and 900 or 10 -- the first call comes last
      return plan
    end)
    w.sizes = { limit = 2, works = true }
    local rows = rows_of(w, { "01", "02", "03", "4", "zz", "05", "0:1" })
    assert.same({ "01", "02", "03", "4", "zz", "05", "0:1" }, field(rows, "serial"))
    assert.same({ "01", "02", "03", "04", false, "05", "01" }, field(rows, "key"))
    assert.same({ "revoked", "unknown", "good", "absent", "invalid", "error", "revoked" }, field(rows, "status"))
    assert.same({ 1609459200, false, false, false, false, false, 1609459200 }, field(rows, "revoked_at"))
    assert.same({ false, false, false, false, "InvalidSerialNumber", "UnknownStatus", false }, field(rows, "code"))
    assert.same({ false, false, false, false, "argument", "protocol", false }, field(rows, "class"))
    assert.equal("held", rows[6].word)
    assert.is_string(rows[5].message)
    assert.same({ 2, 2, 1 }, counts(w))
  end)

  it("have the item they were made from", function()
    local w = new_world()
    local item = { serial = "08:4B:DE", wire = "84BDE", name = "mine" }
    local rows = rows_of(w, { item, { serial = "\1\255", binary = true }, "b67e" })
    assert.equal(item, rows[1].item)
    assert.equal("08:4B:DE", rows[1].serial)
    assert.equal("\\x01\\xFF", rows[2].serial)
    assert.equal("01ff", rows[2].key)
    assert.same({ serial = "b67e" }, rows[3].item)
    assert.equal("84BDE,01ff,b67e", w.net.started[1].query.SerialNumber)
  end)

  it("that are rows already come in their places", function()
    local w = new_world()
    local bad = { serial = "line 2", status = "invalid", class = "argument", code = "InvalidInput" }
    local last = { serial = "line 4", status = "invalid" }
    local rows = rows_of(w, { "01", { row = bad }, "02", { row = last } })
    assert.same({ "01", "line 2", "02", "line 4" }, field(rows, "serial"))
    assert.same({ "good", "invalid", "good", "invalid" }, field(rows, "status"))
    assert.equal(bad, rows[2])
    assert.same({ serial = "line 2", status = "invalid", class = "argument", code = "InvalidInput" }, bad)
    assert.same({ 2 }, counts(w))
  end)

  it("are none for nothing", function()
    local w = new_world()
    local rows, message = rows_of(w, {})
    assert.same({}, rows)
    assert.is_nil(message)
    assert.equal(0, #w.net.started)
  end)

  it("cost no call where no item is a serial number", function()
    local w = new_world()
    assert.same({ "invalid", "invalid", "invalid" }, field(rows_of(w, { "x", "0", "a,b" }), "status"))
    assert.equal(0, #w.net.started)
  end)

  it("come as soon as they are known", function()
    local w = new_world()
    local read = 0
    local run = new_run(w, function()
      read = read + 1
      return read == 1 and "no serial" or world.serial(read)
    end)
    assert.equal("invalid", run:next().status)
    assert.equal(1, read)
  end)

  it("end for good", function()
    local run = new_run(new_world(), { "01" })
    drain(run)
    for _ = 1, 3 do assert.is_nil(run:next()) end
  end)
end)

describe("audit: a serial that comes again", function()
  it("is asked once, in whatever form", function()
    local w = new_world(nil, { rate = 10 })
    local rows = rows_of(w, { "084bde", "08:4B:DE", "84BDE", "b67e", "084bde" }, 2)
    assert.same({ "good", "good", "good", "good", "good" }, field(rows, "status"))
    assert.same({ 2 }, counts(w))
  end)

  it("also after its answer, while that is remembered", function()
    local w = new_world(nil, { rate = 400, guard_ns = 0 })
    local n = 0
    local source = function()
      n = n + 1
      if n <= 100 then return world.serial(n % 7) end
    end
    rows_of(w, source, 7)
    assert.same({ 7 }, counts(w))
  end)

  it("is asked again where 65,536 others were answered since, unless its answer is kept elsewhere", function()
    local function asked_for(kept)
      local w, asked = instant_world()
      local n = 0
      local run = audit.new(together.new(w.loop, { limit = 100 }), function()
        n = n + 1
        if n <= 70000 then return world.serial(n) end
        return n == 70001 and world.serial(69000) or n == 70002 and world.serial(1) or nil
      end, {
        lane = "audit", recall = function(key) return kept and kept[key] end,
        on_answers = function(entries)
          for _, entry in ipairs(entries) do
            if kept then kept[entry.key] = entry.answer end
          end
        end,
      })
      while run:next() do end
      assert.equal(70003, n)
      return asked()
    end
    assert.equal(70001, asked_for(nil))
    assert.equal(70000, asked_for {})
  end)

  it("gets the same error too", function()
    local w = new_world(function() return world.refusal(404, "Nothing.Known") end)
    local rows = rows_of(w, { "01", "01" }, 1)
    assert.same({ "error", "error" }, field(rows, "status"))
    assert.equal(1, #w.net.started)
  end)

  it("seventy thousand times over does not keep the run waiting for other ones", function()
    local w, n = new_world(), 0
    local rows = 0
    local run = new_run(w, function()
      n = n + 1
      if n <= 70000 then return "01" end
    end)
    while run:next() do rows = rows + 1 end
    assert.equal(70000, rows)
    assert.equal(1, #w.net.started)
  end)
end)

describe("audit: batches", function()
  it("are of the size asked for, the last as large as it is", function()
    local w = new_world()
    rows_of(w, world.source(103), 50)
    assert.same({ 50, 50, 3 }, counts(w))
  end)

  it("are no longer than a URL may be", function()
    local w = new_world(nil, { rate = 400, guard_ns = 0 })
    rows_of(w, world.source(1000), 1000)
    for _, request in ipairs(w.net.started) do assert.truthy(#request.url < 7600) end
    assert.equal(192, counts(w)[1])
  end)

  it("at most sixteen are unresolved, and meanwhile the source is not read", function()
    local w = new_world(nil, { rate = 400, guard_ns = 0 })
    local most, read, given = largest_unresolved(w), 0, 0
    local items = world.source(5000)
    local run = new_run(w, function()
      read = read + 1
      assert.truthy(read - given <= 16 * 10 + 10, read - given)
      return items()
    end, 10)
    while run:next() do given = given + 1 end
    assert.equal(5000, given)
    assert.equal(16, most())
  end)

  it("are asked one at a time until one of their size has been answered", function()
    local w = new_world(nil, { rate = 400, guard_ns = 0 })
    rows_of(w, world.source(200), 10)
    assert.truthy(w.net.started[2].at >= w.net.started[1].sent_ns + 20e6)
    assert.truthy(w.net.started[9].at < w.net.started[2].sent_ns + 20e6)
    assert.is_true(w.sizes.works)
  end)

  it("that are smaller prove nothing", function()
    local w = new_world()
    rows_of(w, world.source(9), 10)
    assert.falsy(w.sizes.works)
  end)

  it("that are full by the length of their URL prove as much as by their count", function()
    local w = new_world(nil, { rate = 400, guard_ns = 0 })
    rows_of(w, world.source(400), 1000)
    assert.is_true(w.sizes.works)
  end)

  it("keep the quota", function()
    local w = new_world(function(request, n)
      local plan = good(request)
      plan.ms, plan.sent_ms = n * 37 % 300, n * 13 % 90
      return plan
    end, { rate = 10 })
    local rows = rows_of(w, world.source(300), 5)
    assert.equal(300, #rows)
    assert.equal(60, w.loop.counters.calls)
    assert.truthy(w:densest(1000) <= 10)
  end)
end)

describe("audit: memory", function()
  it("does not grow with the source", function()
    local w = instant_world()
    local function kilobytes()
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    local run, n = new_run(w, world.source(300000), 100), 0
    local early, late
    for row in function() return run:next() end do
      assert(row.status == "good")
      n = n + 1
      if n == 100000 then early = kilobytes() end
      if n == 290000 then late = kilobytes() end
    end
    assert.equal(300000, n)
    assert.truthy(late < early * 1.25, ("%.0f kB after 100,000 rows, %.0f kB after 290,000"):format(early, late))
    local known = 0
    for _ in pairs(run.known) do known = known + 1 end
    assert.truthy(known <= 65536, known)
    assert.is_nil(next(run.rows))
  end)
end)

describe("audit: a call that fails", function()
  it("makes error rows of its serials, and of no others", function()
    local w = new_world(function(request)
      if request.query.SerialNumber:find("03", 1, true) then return world.refusal(404, "Nothing.Known", "Hm.") end
      return good(request)
    end)
    local rows = rows_of(w, { "01", "02", "03", "04", "05" }, 2)
    assert.same({ "good", "good", "error", "error", "good" }, field(rows, "status"))
    assert.equal("argument", rows[3].class)
    assert.equal("Nothing.Known", rows[3].code)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: the service answered Nothing.Known (HTTP 404): Hm.",
      rows[3].message)
    assert.equal(404, rows[3].info.http_status)
    assert.equal("REQUEST-1", rows[3].info.request_id)
  end)

  it("by the network, four times, is an error of class network", function()
    local w = new_world(function() return { class = "network", message = "cas: connection refused" } end)
    local rows = rows_of(w, { "01" })
    assert.equal("network", rows[1].class)
    assert.equal(4, #w.net.started)
  end)

  it("because the reply can't be read is repeated, and then an error", function()
    local w = new_world(function(request, n)
      if n == 1 then return world.reply { CertificateStatus = "none" } end
      return good(request)
    end)
    assert.same({ "good" }, field(rows_of(w, { "01" }), "status"))
    w = new_world(function() return world.reply { Other = {} } end)
    local rows = rows_of(w, { "01" })
    assert.equal("error", rows[1].status)
    assert.equal("protocol", rows[1].class)
    assert.equal("InvalidReply", rows[1].code)
    assert.equal("DescribeClientCertificateStatusForSerialNumber: expected an array in CertificateStatus, found nothing"
      .. " (tried 4 times)", rows[1].message)
  end)

  it("does not stop those that follow", function()
    local w = new_world(function(request, n)
      if n <= 4 then return { class = "network" } end
      return good(request)
    end)
    local rows = rows_of(w, { "01", "02" }, 1)
    assert.same({ "error", "good" }, field(rows, "status"))
  end)
end)

local function statuses(rows)
  local tally = {}
  for _, row in ipairs(rows) do tally[row.status] = (tally[row.status] or 0) + 1 end
  return tally
end

describe("audit: a service that answers no call", function()
  local DEAD = { class = "network", message = "fake: connection reset" }

  it("ten times in a row ends the run within a minute, and the rest are errors too", function()
    local answers = { DEAD, { status = 503, body = "<html>" }, { status = 200, body = "no JSON" } }
    for _, dead in ipairs(answers) do
      local w = new_world(function() return dead end)
      local rows = rows_of(w, world.source(5000), 1)
      assert.same({ error = 5000 }, statuses(rows))
      assert.equal(10 * 4, #w.net.started)
      assert.is_true(w:ms() < 60000, w:ms())
      assert.truthy(rows[5000].message:find("^stopped after 10 calls in a row without an answer: "
        .. "DescribeClientCertificateStatusForSerialNumber: .* %(tried 4 times%)$"))
      assert.equal(rows[10].class, rows[5000].class)
      assert.equal(rows[10].code, rows[5000].code)
    end
  end)

  it("nine times in a row does not end it", function()
    local w = new_world(function(request, n) return n > 9 * 4 and good(request) or DEAD end)
    assert.same({ error = 9, good = 91 }, statuses(rows_of(w, world.source(100), 1)))
  end)

  it("because it has died meanwhile, ends it too", function()
    local w = new_world(function(request, n) return n <= 100 and good(request) or DEAD end)
    local tally = statuses(rows_of(w, world.source(1000), 1))
    assert.equal(100, tally.good)
    assert.equal(900, tally.error)
    assert.is_true(#w.net.started <= 100 + 26 * 4, #w.net.started)
    assert.is_true(w:ms() < 90000, w:ms())
  end)
end)

describe("audit: a call that is denied", function()
  for _, row in ipairs {
    -- status, code → class
    { 403, "NoPermission", "denied" }, { 404, "InvalidAccessKeyId.NotFound", "denied" },
    { 400, "InvalidTimeStamp.Expired", "denied" }, { 404, "InvalidAction.NotFound", "argument" },
  } do
    it("by " .. row[2] .. " stops the run", function()
      local w = new_world(function() return world.refusal(row[1], row[2]) end, { rate = 10 })
      local rows = rows_of(w, world.source(2000), 10)
      assert.equal(2000, #rows)
      assert.equal(1, #w.net.started)
      for _, one in ipairs(rows) do
        assert.equal("error", one.status)
        assert.equal(row[3], one.class)
        assert.equal(row[2], one.code)
      end
    end)
  end

  it("midway stops what has not left, and takes what comes of the rest", function()
    local w = new_world(function(request, n)
      if n == 3 then return world.refusal(403, "NoPermission", "", { ms = 5 }) end
      return good(request)
    end, { rate = 10 })
    w.sizes = { limit = 10, works = true }
    local rows = rows_of(w, world.source(1000), 10)
    local answered, denied = 0, 0
    for _, one in ipairs(rows) do
      answered = answered + (one.status == "good" and 1 or 0)
      denied = denied + (one.class == "denied" and 1 or 0)
    end
    assert.equal(1000, answered + denied)
    local sent = 0
    for _, request in ipairs(w.net.started) do sent = sent + (request.sent_ns and 1 or 0) end
    assert.equal((sent - 1) * 10, answered)
    assert.truthy(#w.net.started <= 10)
  end)

  it("stops what is in the batch that is being filled, too", function()
    local w = new_world(function() return world.refusal(403, "NoPermission") end)
    local rows = rows_of(w, world.source(300), 1000) -- the URL is full before, so that one serial is left over
    assert.equal(300, #rows)
    for _, one in ipairs(rows) do assert.equal("denied", one.class) end
    assert.equal(1, #w.net.started)
  end)

  it("takes back what waits to be tried again", function()
    local w = new_world(function(request, n)
      if n == 1 then return world.refusal(400, "Throttling", "", { headers = { ["x-acs-retry-after"] = "300" } }) end
      if n == 2 then return world.refusal(403, "NoPermission", "", { ms = 100 }) end
      return good(request)
    end, { rate = 2, guard_ns = 0 })
    w.sizes = { limit = 1, works = true }
    local rows = rows_of(w, { "01", "02", "03", "04" })
    assert.same({ "error", "error", "error", "error" }, field(rows, "status"))
    assert.equal(2, #w.net.started)
  end)

  it("answers no serial that was answered before with an error", function()
    local w = new_world(function(request, n)
      if n == 2 then return world.refusal(403, "NoPermission") end
      return good(request)
    end)
    local rows = rows_of(w, { "01", "02", "01", "02" }, 1)
    assert.same({ "good", "error", "good", "error" }, field(rows, "status"))
  end)
end)

describe("audit: a batch that is refused", function()
  -- A service that takes so many serials in a call, and none of some.
  local function service(most, poisoned, status, code)
    return function(request)
      local serials = world.serials(request)
      for _, serial in ipairs(serials) do
        if poisoned and poisoned[serial] then return world.refusal(400, "InvalidParameter", "No such serial.") end
      end
      if #serials > most then return world.refusal(status or 400, code or "InvalidParameter", "Too many.") end
      return good(request)
    end
  end
  local function poison(...)
    local serials = {}
    for _, i in ipairs { ... } do serials[world.serial(i)] = true end
    return serials
  end
  for _, place in ipairs { 1, 2, 25, 26, 49, 50 } do
    it(("for the serial at place %d is halved until that one is alone"):format(place), function()
      local w = new_world(service(50, poison(place)))
      local rows = rows_of(w, world.source(150))
      assert.same({ good = 149, error = 1 }, statuses(rows))
      assert.equal("error", rows[place].status)
      assert.equal("InvalidParameter", rows[place].code)
      assert.equal("argument", rows[place].class)
      assert.truthy(#w.net.started <= 3 + 12, #w.net.started)
      assert.equal(50, w.sizes.limit)
    end)
  end

  it("for several serials isolates each of them", function()
    local w = new_world(service(50, poison(3, 40, 41, 120)))
    local rows = rows_of(w, world.source(150))
    assert.same({ good = 146, error = 4 }, statuses(rows))
    for _, i in ipairs { 3, 40, 41, 120 } do assert.equal("error", rows[i].status) end
  end)

  for _, row in ipairs {
    -- status, code, most, size → size learnt, calls refused
    { 400, "InvalidParameter", 10, 50, 7, 3 },
    { 400, "InvalidParameter", 49, 50, 25, 1 },
    { 400, "InvalidParameter", 1, 50, 1, 6 },
    { 400, "InvalidParameter", 10, 170, 6, 5 },
    { 413, "RequestTooLarge", 10, 50, 7, 3 },
    { 414, "", 20, 50, 13, 2 },
  } do
    local name = "for its size, by HTTP %d, is never guessed too high twice: %d of %d"
    it(name:format(row[1], row[3], row[4]), function()
      local w = new_world(service(row[3], nil, row[1], row[2]), { rate = 400, guard_ns = 0 })
      local rows = rows_of(w, world.source(1000), row[4])
      assert.same({ good = 1000 }, statuses(rows))
      local refused = 0
      for _, size in ipairs(counts(w)) do refused = refused + (size > row[3] and 1 or 0) end
      assert.equal(row[6], refused)
      assert.equal(row[5], w.sizes.limit)
      assert.truthy(#w.net.started <= refused + math.ceil(1000 / row[5]) + 10, #w.net.started)
    end)
  end

  it("for its size teaches the client's other runs", function()
    local w = new_world(service(10), { rate = 400, guard_ns = 0 })
    rows_of(w, world.source(60))
    local before = #w.net.started
    rows_of(w, world.source(70))
    assert.equal(10, #w.net.started - before)
  end)

  it("for its size while another run has asked with it too is asked again in pieces that work", function()
    local w = new_world(service(10), { rate = 400, guard_ns = 0 })
    w.sizes = { limit = 40, works = true } -- a belief that is wrong by now
    local rows = rows_of(w, world.source(640))
    assert.same({ good = 640 }, statuses(rows))
  end)

  it("that is larger than what has been learnt meanwhile is asked again, though the share is used up", function()
    local w = new_world(function(request, n)
      local plan = service(10)(request)
      plan.ms = n > 1 and #world.serials(request) == 40 and 2000 or 5
      return plan
    end, { rate = 400, guard_ns = 0 })
    w.sizes = { limit = 40, works = true }
    local run = new_run(w, world.source(640))
    run.halvings = 60 -- two more are allowed, and two it takes to learn that ten work
    assert.same({ good = 640 }, statuses(drain(run)))
    assert.equal(64, run.halvings)
  end)

  it("by another code than one that may concern its serials is not halved", function()
    for _, refusal in ipairs {
      { 404, "Nothing.Known" }, { 400, "SignatureNonceUsed" }, { 200, "InvalidParameter" }, { 409, "Conflict" },
    } do
      local w = new_world(function() return world.refusal(refusal[1], refusal[2]) end)
      local rows = rows_of(w, world.source(50))
      assert.same({ error = 50 }, statuses(rows))
      assert.truthy(#w.net.started <= 2)
    end
  end)

  it("again and again costs a tenth of a run's calls, or 64", function()
    local poisoned = {}
    for i = 1, 100000 do poisoned[i * 50] = true end
    local function answer(request)
      for _, serial in ipairs(world.serials(request)) do
        if poisoned[tonumber(serial:sub(-8), 16)] then return world.refusal(400, "InvalidParameter") end
      end
      return good(request)
    end
    for _, row in ipairs { { 50, 64 }, { 1000, 64 + 0 }, { 2000, 0.1 } } do
      local w = new_world(answer, { rate = 400, guard_ns = 0 })
      local rows = rows_of(w, world.source(row[1] * 50 + 1))
      local batches = row[1]
      local halved = #w.net.started - batches - 1
      assert.truthy(halved <= math.max(64, 0.1 * #w.net.started), halved)
      assert.truthy(halved > math.max(50, 0.09 * #w.net.started), halved)
      local tally = statuses(rows)
      assert.equal(row[1] * 50 + 1, tally.good + tally.error)
      assert.truthy(tally.error >= row[1])
    end
  end)

  it("since some of its serials are not found leaves the others their answers, however many are in a row", function()
    local function answer(request)
      for _, serial in ipairs(world.serials(request)) do
        if tonumber(serial:sub(-8), 16) <= 12 then return world.refusal(404, "NotFound") end
      end
      return good(request)
    end
    local w = new_world(answer)
    assert.same({ error = 12, good = 88 }, statuses(rows_of(w, world.source(100))))
  end)

  it("down to five single serials in a row, with one code, stops the run", function()
    local w = new_world(function() return world.refusal(400, "MissingSerialNumber", "No.") end)
    local rows = rows_of(w, world.source(5000))
    assert.same({ error = 5000 }, statuses(rows))
    assert.truthy(#w.net.started <= 16, #w.net.started)
    assert.equal("stopped after 5 single serials in a row were refused: DescribeClientCertificateStatusForSerialNumber:"
      .. " the service answered MissingSerialNumber (HTTP 400): No.", rows[5000].message)
    assert.equal("argument", rows[5000].class)
    assert.equal("MissingSerialNumber", rows[5000].code)
  end)

  it("one serial at a time, with other codes or an answer between, does not stop the run", function()
    local function refuse(n) return world.refusal(400, n % 2 == 0 and "Code.A" or "Code.B") end
    local w = new_world(function(_, n) return refuse(n) end)
    rows_of(w, world.source(30), 1)
    assert.equal(30, #w.net.started)
    w = new_world(function(request, n) return n % 5 == 0 and good(request) or world.refusal(400, "Code.A") end)
    rows_of(w, world.source(30), 1)
    assert.equal(30, #w.net.started)
    w = new_world(function() return world.refusal(400, "Code.A") end)
    rows_of(w, world.source(30), 1)
    assert.equal(5, #w.net.started)
  end)

  it("whole, by HTTP 413 for a single serial, is an error of that one", function()
    local w = new_world(function() return { status = 413, body = "<html>" } end)
    local rows = rows_of(w, { "01" })
    assert.equal("the service answered HTTP 413", rows[1].message:match(": (.*)$"))
    assert.equal("HTTP413", rows[1].code)
  end)

  it("keeps the order of rows", function()
    local w = new_world(service(7, poison(5, 77)), { rate = 400, guard_ns = 0 })
    local rows = rows_of(w, world.source(200))
    for i, row in ipairs(rows) do assert.equal(world.serial(i), row.serial) end
    assert.same({ good = 198, error = 2 }, statuses(rows))
  end)
end)

describe("audit: a source", function()
  it("that fails passes its failure on, after the rows before it", function()
    local w = new_world()
    local items = list { "01", "02" }
    local info = { class = "network" }
    local run = new_run(w, function()
      local item = items()
      if item then return item end
      return nil, "the list broke off", info
    end)
    local rows, message, given = drain(run)
    assert.same({ "good", "good" }, field(rows, "status"))
    assert.equal("the list broke off", message)
    assert.equal(info, given)
    local _, again = run:next()
    assert.equal("the list broke off", again)
  end)

  it("is not asked again after its end", function()
    local n = 0
    local run = new_run(new_world(), function()
      n = n + 1
      return n == 1 and "01" or nil
    end)
    drain(run)
    run:next()
    assert.equal(2, n)
  end)

  it("may make calls of its own with the same client", function()
    local w = new_world(nil, { rate = 10 })
    local n = 0
    local rows = rows_of(w, function()
      n = n + 1
      if n > 100 then return nil end
      if n % 20 == 0 then assert(w:call({ SerialNumber = "ff" }).reply) end
      return world.serial(n)
    end, 10)
    assert.equal(100, #rows)
    for i, row in ipairs(rows) do
      assert.equal("good", row.status)
      assert.equal(world.serial(i), row.serial)
    end
  end)

  it("that raises an error raises it in the reader, who may read on", function()
    local w, n = new_world(), 0
    local run = new_run(w, function()
      n = n + 1
      if n == 3 then error({ "broken" }, 0) end
      if n < 6 then return world.serial(n) end
    end)
    local ok, problem = pcall(run.next, run)
    assert.is_false(ok)
    assert.same({ "broken" }, problem)
    local rows = drain(run)
    assert.same({ world.serial(1), world.serial(2), world.serial(4), world.serial(5) }, field(rows, "serial"))
  end)

  it("has to give serial numbers", function()
    for _, row in ipairs {
      { 12, "number" }, { true, "boolean" }, { {}, "table" }, { { serial = 12 }, "table" }, { print, "function" },
    } do
      local ok, problem = pcall(rows_of, new_world(), { row[1] })
      assert.is_false(ok)
      assert.equal("audit: expected serial numbers as strings or tables with a field 'serial', found " .. row[2],
        problem)
    end
  end)
end)

describe("audit: the reader", function()
  it("that goes away leaves nothing that is sent", function()
    local w = new_world(nil, { rate = 1 })
    do
      local run = new_run(w, world.source(1000), 10)
      w.sizes.works = true
      assert.equal("good", run:next().status)
    end
    collectgarbage()
    collectgarbage()
    local before = #w.net.started
    w.clock.now = w.clock.now + 60000000000
    for _ = 1, 10 do
      w.loop:turn()
      w.clock.now = w.clock.now + 2000000000
    end
    assert.equal(before, #w.net.started)
    assert.is_nil(next(w.loop.flying))
  end)

  it("may be away for hours between two rows", function()
    local w = new_world(nil, { rate = 10 })
    w.sizes = { limit = 10, works = true }
    local run = new_run(w, world.source(400))
    local n = 0
    for row in function() return run:next() end do
      n = n + 1
      assert.equal("good", row.status, row.message)
      if n % 50 == 0 then w.clock.now = w.clock.now + 3600 * 1000000000 end
    end
    assert.equal(400, n)
  end)

  it("gets error rows when the client is closed, and no call is made", function()
    local w = new_world(nil, { rate = 2 })
    local run = new_run(w, world.source(100), 10)
    for _ = 1, 15 do assert.equal("good", run:next().status) end
    w.loop:close()
    local before = #w.net.started
    local rows = drain(run)
    assert.equal(85, #rows)
    assert.equal("good", rows[5].status) -- answered before
    for i = 6, 85 do
      assert.equal("error", rows[i].status)
      assert.equal("closed", rows[i].class)
      assert.equal("Closed", rows[i].code)
    end
    assert.equal(before, #w.net.started)
  end)

  it("is one coroutine", function()
    local w = new_world()
    local run
    run = new_run(w, function()
      coroutine.yield("in the source")
      return nil
    end)
    local first = coroutine.wrap(function() return run:next() end)
    assert.equal("in the source", first())
    local ok, problem = pcall(run.next, run)
    assert.is_false(ok)
    assert.truthy(problem:find("audit: another coroutine is reading this iterator", 1, true))
    assert.is_nil(first())
    assert.is_nil(run:next())
  end)

  it("may be another coroutine each time", function()
    local run = new_run(new_world(), world.source(20), 5)
    for i = 1, 20 do
      assert.equal(world.serial(i), coroutine.wrap(function() return run:next() end)().serial)
    end
  end)
end)

describe("audit: on_answers", function()
  local function run_with(w, source, on_answers)
    w.sizes = { limit = 2 }
    return audit.new(together.new(w.loop, w.sizes), source, { lane = "audit", on_answers = on_answers })
  end

  it("is told of each entry once, before its rows are given out", function()
    local w, told = new_world(), {}
    local run = run_with(w, list { "01", "02", "01", "zz", "03" }, function(entries)
      for _, entry in ipairs(entries) do
        assert.is_nil(told[entry.key])
        told[entry.key] = entry.answer.status
      end
    end)
    for row in function() return run:next() end do
      if row.key then assert.equal(row.status, told[row.key]) end
    end
    assert.same({ ["01"] = "good", ["02"] = "good", ["03"] = "good" }, told)
  end)

  it("is told of errors too, of what is taken back, and of what comes after a run has stopped", function()
    local w, told = new_world(function() return world.refusal(403, "NoPermission") end), {}
    local run = run_with(w, world.source(9), function(entries)
      for _, entry in ipairs(entries) do told[#told + 1] = entry.answer.class end
    end)
    assert.equal(9, #drain(run))
    assert.equal("denied denied denied denied denied denied denied denied denied", table.concat(told, " "))
  end)

  -- What is not told is not in the ledger: all of it was asked again by a run that had been killed.
  it("is told of each reply at once, also while the first row waits for its own", function()
    local w, told, untold = new_world(function(request, n)
      local plan = good(request)
      plan.ms = n == 2 and 5000 or 20
      return plan
    end), 0, 0
    local run = run_with(w, world.source(300), function(entries)
      told = told + 1
      untold = math.max(untold, #w.net.started - told)
      assert.is_true(#entries <= 2)
    end)
    drain(run)
    assert.equal(150, told)
    assert.equal(15, untold) -- of the 16 that may be on their way at once
  end)

  it("that raises does so in the reader, and no row is lost", function()
    local w, n = new_world(), 0
    local run = run_with(w, world.source(20), function()
      n = n + 1
      if n % 3 == 0 then error("the disk is full", 0) end
    end)
    local rows, raised = 0, 0
    while true do
      local ok, row = pcall(run.next, run)
      if ok and not row then break end
      rows, raised = rows + (ok and 1 or 0), raised + (ok and 0 or 1)
      if not ok then assert.equal("the disk is full", row) end
    end
    assert.equal(20, rows)
    assert.equal(3, raised)
  end)
end)

describe("audit: recall", function()
  it("answers what was answered before, without a call", function()
    local w, recalled, told = new_world(), {}, 0
    local run = audit.new(together.new(w.loop, { limit = 50 }), list { "01", "2", "01", "zz", "03" }, {
      lane = "audit", on_answers = function(entries) told = told + #entries end,
      recall = function(key)
        recalled[#recalled + 1] = key
        if key == "02" then return { status = "revoked", revoked_at = 55 } end
      end,
    })
    local rows = drain(run)
    assert.same({ "good", "revoked", "good", "invalid", "good" }, field(rows, "status"))
    assert.equal("2", rows[2].serial)
    assert.equal(55, rows[2].revoked_at)
    assert.same({ 2 }, counts(w))
    assert.same({ "01", "02", "03" }, recalled) -- what is remembered is not looked for
    assert.equal(2, told)
  end)
end)

describe("audit: several runs of one client", function()
  it("each get their rows", function()
    local w = new_world(nil, { rate = 20 })
    local one, two = new_run(w, world.source(100), 10), new_run(w, world.source(100), 10)
    for i = 1, 100 do
      assert.equal(world.serial(i), one:next().serial)
      assert.equal(world.serial(i), two:next().serial)
    end
    assert.is_nil(one:next())
    assert.is_nil(two:next())
  end)
end)

describe("audit: a row", function()
  it("says where a serial number that is none was found", function()
    local rows = rows_of(new_world(), { { serial = "x", source = "a.txt:7" }, { serial = "x" } })
    assert.equal("a.txt:7: " .. rows[2].message, rows[1].message)
  end)

  it("says when its answer came, where a clock is given, also one that was remembered", function()
    local w, seconds = new_world(), 0
    local run = audit.new(together.new(w.loop, { limit = 1 }), list { "01", "x", "01", "02", "01" }, {
      lane = "audit", now = function()
        seconds = seconds + 1
        return seconds
      end })
    assert.same({ 1, false, 1, 2, 1 }, field(drain(run), "checked_at"))
    assert.same({ false }, field(rows_of(w, { "01" }), "checked_at"))
  end)
end)
