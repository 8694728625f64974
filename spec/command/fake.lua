--- fake.lua - an environment for the command in which nothing is outside: the service answers from tables, time stands
-- still, and what is written can be read.
local core = require "certstat.core"
local command = require "certstat.command"

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

local function row_of(serial, world)
  local key, message = core.serial(serial)
  if not key then
    return { serial = serial, status = "invalid", class = "argument", message = message }
  end
  local row = { serial = serial, key = key, status = "absent" }
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

-- reads up to `ahead` items before it gives the first row, as the client does
local function audit(world, source, ahead)
  local rows, ended, message, info = {}, false, nil, nil
  return function()
    if world.raises then
      error(world.raises, 0)
    end
    while not ended and #rows < ahead do
      local item
      item, message, info = source()
      ended = not item
      rows[#rows + 1] = item and row_of(item.serial, world)
    end
    if #rows > 0 then
      return table.remove(rows, 1)
    end
    return nil, message, info
  end
end

--- A client of the tables in `world`: answers = {key = {status=, revoked_at=, …}}, certificates = {…},
-- failure, list_failure = {message, info}: what status and certificates end with; raises = an error that audit raises.
function fake.client(world)
  local client = { closed = 0 }
  function client.status(_, serials)
    if world.failure then
      return nil, world.failure[1], world.failure[2]
    end
    local rows = {}
    for i, serial in ipairs(serials) do
      rows[i] = row_of(serial, world)
    end
    return rows
  end
  function client.audit(_, source)
    return audit(world, source, 3)
  end
  function client.certificates()
    return iterate(world.certificates or {}, world.list_failure)
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
-- terminals = {[fd] = true}, credentials = what the chain finds, refused = {message, info}: there are none.
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
    client = function(options)
      world.options = options
      if world.refused then
        return nil, world.refused[1], world.refused[2]
      end
      world.client = fake.client(world)
      return world.client
    end,
    credentials = function()
      if world.refused then
        return nil, world.refused[1], world.refused[2]
      end
      return world.credentials
    end,
    endpoint = function(options)
      if options.endpoint then
        return { url = options.endpoint, host = options.endpoint:match("//(.*)$") }
      end
      return nil, "no region: give --region or --endpoint", { class = "argument" }
    end,
  }
  local code = command.run(argv, environment)
  return code, environment.stdout.written, environment.stderr.written
end

return fake
