--- fake.lua - an environment for the command in which nothing is outside: the service answers from tables, time stands
-- still, and what is written can be read.
local canaries = require "spec.support.canaries"
local core = require "certstat.core"
local command = require "certstat.command"
local endpoints = require "certstat.endpoints"
local record = require "certstat.record"

local fake = {}

--- A stream that keeps what is written, and gives `text` to read.
function fake.stream(text)
  local stream = { written = "", text = text or "" }
  function stream.write(self, ...)
    self.written = self.written .. table.concat({ ... })
    return self
  end
  function stream.flush()
    return true
  end
  function stream.read(self, n)
    if self.text == "" then
      return nil
    end
    local piece = self.text:sub(1, n)
    self.text = self.text:sub(n + 1)
    return piece
  end
  return stream
end

local function row_of(item, world)
  if type(item) == "table" and item.row then
    return item.row
  end
  local serial = type(item) == "table" and item.serial or item
  local key, message = core.serial(serial)
  if not key then
    return { serial = serial, status = "invalid", class = "argument", message = message, item = item }
  end
  local row = { serial = serial, key = key, status = "absent", item = item, checked_at = world.checked_at }
  for name, value in pairs(world.answers[key] or {}) do
    row[name] = value
  end
  return row
end

local function iterate(list, failure)
  local at = 0
  return function()
    at = at + 1
    if list[at] then
      return list[at]
    elseif failure then
      return nil, failure[1], failure[2]
    end
  end
end

-- tells on_answers of the rows that have answers
local function told(rows, on_answers)
  local entries = {}
  for _, row in ipairs(rows) do
    if row.key then
      entries[#entries + 1] = { key = row.key, answer = row }
    end
  end
  on_answers(entries)
end

-- what a client gives that is closed while it has no answer
local function closed_row(row)
  if not row.key then
    return row
  end
  return { serial = row.serial, key = row.key, item = row.item, status = "error", class = "closed", code = "Closed",
    message = "the client was closed" }
end

-- reads up to `ahead` items before it gives the first row, as the client does
local function audit(world, client, source, ahead, on_answers)
  local rows, ended, message, info = {}, false, nil, nil
  return function()
    if world.raises then
      error(world.raises, 0)
    end
    while not ended and #rows < ahead do
      local item
      item, message, info = source()
      ended = not item
      local row = item and row_of(item, world)
      rows[#rows + 1] = row and client.closed > 0 and closed_row(row) or row
    end
    told(rows, on_answers)
    if #rows > 0 then
      return table.remove(rows, 1)
    end
    return nil, message, info
  end
end

-- two calls, of two and of three serials
local function tell(on_call)
  for serials = 2, 3 do
    on_call({ operation = "Status", serials = serials, attempt = 1, http_status = 200 })
  end
end

--- A client of the tables in `world`: answers = {key = {status=, revoked_at=, …}}, certificates = {…},
-- list_failure, unready, call_failure = {message, info}: what certificates, ready and call end with;
-- raises = an error that audit raises; guard = the quota's, in seconds. world.called has the calls made.
function fake.client(world, on_call)
  local client = { closed = 0, warnings = {} }
  function client.ready()
    if world.unready then
      return nil, world.unready[1], world.unready[2]
    end
    return true
  end
  function client.audit(self, source, options)
    tell(on_call)
    world.clock = options.now
    return audit(world, self, type(source) == "table" and iterate(source) or source, 3, options.on_answers)
  end
  function client.certificates()
    return iterate(world.certificates or {}, world.list_failure)
  end
  function client.call(_, operation, parameters)
    world.called = world.called or {}
    table.insert(world.called, { operation, parameters })
    if world.call_failure then
      return nil, world.call_failure[1], world.call_failure[2]
    end
    local total = #(world.certificates or {})
    return { TotalCount = total, PageCount = math.ceil(total / parameters.ShowSize) }
  end
  function client.guard()
    return world.guard
  end
  function client.counters()
    return { calls = 2, serials = 5, throttled = 0, retries = 1 }
  end
  function client.close(self)
    self.closed = self.closed + 1
  end
  return client
end

--- Runs a command line. world: as for fake.client, and stdin = text, stdout = a stream, env = {NAME = value},
-- terminals = {[fd] = true}, credentials = what the chain finds, refused = {message, info}: there are none; rows = what
-- the doctor finds.
-- There is a ledger only in a home that is named; else record = what stands in for a run's record, ledger = for a
-- ledger, unrecorded = a line that says why there is none.
-- asked: an array of what each look for SIGUSR1 finds; hold_signals: see certstat.command.interrupt.
-- Returns the exit code, what was written to the standard output, and what to the standard error.
function fake.run(argv, world)
  world = world or {}
  world.answers = world.answers or {}
  local now = 0
  local environment = {
    stdin = fake.stream(world.stdin),
    stdout = world.stdout or fake.stream(),
    stderr = fake.stream(),
    getenv = function(name)
      return (world.env or {})[name]
    end,
    isatty = function(fd)
      return (world.terminals or {})[fd] == true
    end,
    now_ns = function()
      now = now + 500 * 1000000
      return now
    end,
    wall_seconds = function()
      return 1767323045
    end,
    hold_signals = world.hold_signals or function() end,
    state_asked = function()
      return table.remove(world.asked or {}, 1) == true
    end,
    client = function(options)
      world.options = options
      if world.refused then
        return nil, world.refused[1], world.refused[2]
      end
      world.client = fake.client(world, options.on_call)
      world.client.account = options.account or "default"
      world.client.endpoint = options.endpoint or "https://cas.example"
      return world.client
    end,
    credentials = function()
      if world.refused then
        return nil, world.refused[1], world.refused[2]
      end
      return world.credentials
    end,
    endpoint = endpoints.find,
    record = function(options)
      world.record_options = options
      if options.home then
        return record.begin(options)
      end
      return world.record or record.none(), world.unrecorded
    end,
    examine = function(options, show)
      world.options = options
      if world.refused then
        return nil, world.refused[1], world.refused[2]
      end
      for _, row in ipairs(world.rows) do
        show(row)
      end
      return 2
    end,
    ledger = function(options)
      if world.ledger then
        return world.ledger
      end
      return record.open(options)
    end,
  }
  local code = command.run(argv, environment)
  local out, err = environment.stdout.written, environment.stderr.written
  canaries.check(out .. err, table.concat(argv, " "))
  return code, out, err
end

return fake
