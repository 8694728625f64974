--- The client: what a program asks certstat.
local audit = require "certstat.audit"
local classify = require "certstat.classify"
local credentials = require "certstat.credentials"
local endpoints = require "certstat.endpoints"
local home = require "certstat.home"
local host = require "certstat.host"
local loop = require "certstat.loop"
local net = require "certstat.net"
local operations = require "certstat.operations"
local pages = require "certstat.pages"
local quota = require "certstat.quota"
local times = require "certstat.times"
local together = require "certstat.together"
local version = require "certstat.version"

local Client = { __name = "certstat.client" }
Client.__index = Client
Client.__tostring = function() return "certstat.client" end

local M = {}

M.BATCH = 50    -- serials per call; the largest is not documented
M.TIMEOUT = 60  -- seconds for one call with all its attempts

local OPTIONS = {
  region = "string", endpoint = "string", network = "string", credentials = "table", profile = "string",
  quota = "table", qps = "number", guard = "number", home = "string", account = "string", batch = "number",
  timeout = "number", ca_file = "string", allow_http = "boolean", connect_to = "string", getenv = "function",
  on_call = "function", on_wait = "function",
}

local function check(options)
  if type(options) ~= "table" then error("client: expected a table of options, found " .. type(options), 3) end
  for name, value in pairs(options) do
    local expected = OPTIONS[name]
    if not expected then error(("client: unknown option '%s'"):format(tostring(name)), 3) end
    if type(value) ~= expected then
      error(("client: option '%s': expected a %s, found a %s"):format(name, expected, type(value)), 3)
    end
  end
  local size, timeout = options.batch or M.BATCH, options.timeout or M.TIMEOUT
  if size < 1 or size % 1 ~= 0 then
    error("client: option 'batch': expected a whole number of at least 1", 3)
  end
  if not (timeout >= 0.001 and timeout <= 86400) then
    error("client: option 'timeout': expected 0.001 to 86400 seconds", 3)
  end
  if options.quota and not options.quota.state then
    error("client: option 'quota': expected what certstat.quota returns, found another table", 3)
  end
  if options.quota and (options.qps or options.guard) then
    error("client: options 'qps' and 'guard' belong to a quota of its own, expected no 'quota' beside them", 3)
  end
end

-- Those of credentials that have come since the last time.
local function take_warnings(client)
  local current = client.session.current
  if not current or current == client.warned_of then return end
  client.warned_of = current
  for _, line in ipairs(current.warnings) do table.insert(client.warnings, line) end
end

-- What TLS needs of the disk, and most of what it needs of the CPU, is had now, and not by a step in some worker.
local function open_transport(endpoint, options)
  if endpoint.url:find("^https:") then
    local ok, message, info = net.warm(options.ca_file)
    if not ok then return nil, message, info end
  end
  return net.new {
    ca_file = options.ca_file, allow_http = options.allow_http, connect_to = options.connect_to,
  }
end

--- new(options) → client; or nil, message, info. It reads files, and sends nothing and starts no program before the
-- first call, ready or warm: a server may open it before it forks its workers. Options, all optional:
--   region, endpoint, network ("vpc")  where the service is; else what certstat.endpoints.find finds
--   credentials {access_key_id =, access_key_secret =, security_token =}, or profile; else the official tools'
--   quota (a certstat.quota); else the account's, shared by all who use the same home: qps (10), guard (seconds; else
--   it adapts), home (a folder; in nginx and HAProxy none but one that is named), account (a name): see certstat.home
--   batch (50 serials a call), timeout (60 s for one call with all its attempts; in the lane `audit`, for an attempt)
--   ca_file (PEM), allow_http, on_call(event) (told of each answer), on_wait() (called at least once a second while a
--   caller waits), getenv
--   connect_to ("ADDRESS" or "ADDRESS:PORT", an IPv6 address in brackets): where the endpoint is connected to, without
--   looking up its name, and without the environment's proxy; for it alone, not where credentials are fetched from
function M.new(options)
  options = options or {}
  check(options)
  local getenv = options.getenv or os.getenv
  local session, message, info = credentials.open {
    credentials = options.credentials, profile = options.profile, ca_file = options.ca_file,
    allow_http = options.allow_http, getenv = getenv,
  }
  if not session then return nil, message, info end
  local endpoint, account
  endpoint, message, info = endpoints.find(options, getenv, session.facts)
  if not endpoint then return nil, message, info end
  account, message, info = home.account(options.account, getenv, session.facts.account)
  if not account then return nil, message, info end
  local shared, warning = options.quota, nil
  if not shared then
    shared, warning, info = quota.of_account {
      rate = options.qps, guard = options.guard, home = options.home, account = account, getenv = getenv,
    }
    if not shared then return nil, warning, info end
  end
  local connection
  connection, message, info = open_transport(endpoint, options)
  if not connection then return nil, message, info end
  local here = host.detect()
  local client = setmetatable({
    loop = loop.new {
      endpoint = endpoint, session = session, quota = shared.state, rate = shared.rate, net = connection,
      host = here,
      timeout_ns = math.floor((options.timeout or M.TIMEOUT) * 1e9), user_agent = "certstat/" .. version,
      on_call = options.on_call, on_wait = options.on_wait,
    },
    host = here, endpoint = endpoint.url, account = account,
    session = session,
    quota = not options.quota and shared or nil, -- its own
    warnings = { warning }, -- lines for people: readable secrets, providers passed over, no home
  }, Client)
  client.together = together.new(client.loop, { limit = options.batch or M.BATCH })
  take_warnings(client)
  return client
end

local function iterate(source)
  if type(source) == "function" then return source end
  if type(source) ~= "table" or source[1] == nil and next(source) ~= nil then
    local found = type(source) == "table" and "a table of names" or type(source)
    error("expected a list or an iterator of serial numbers, found " .. found, 3)
  end
  local i = 0
  return function()
    i = i + 1
    return source[i]
  end
end

local LANES = { gate = true, interactive = true, audit = true }

local function lane_of(options, default)
  local lane = options and options.lane or default
  if not LANES[lane] then
    error(("expected the lane gate, interactive or audit, found '%s'"):format(tostring(lane)), 3)
  end
  return lane
end

-- true where a caller can wait now; else nil, message, info.
local function may_wait(client)
  if client.loop.closed then return nil, "the client is closed", { class = "closed", code = "Closed" } end
  local ok, message = client.host.may_wait()
  if ok then return true end
  return nil, message, { class = "argument", code = "CannotWait" }
end

--- ready() → true once there are credentials to sign with; or nil, message, info. It waits for them where they have to
-- be fetched, which each call does by itself; client.warnings has then what is to be said about them.
function Client:ready()
  local ok, message, info = may_wait(self)
  if not ok then return nil, message, info end
  local identity, wait_ns = self.loop.identity, nil
  self.loop:wait(function()
    wait_ns, message, info = identity:wait_ns()
    return wait_ns == nil or wait_ns == 0 or self.loop.closed
  end)
  if self.loop.closed then return may_wait(self) end
  if not wait_ns then return nil, message, info end
  take_warnings(self)
  return true
end

--- warm(): the work of the first call ahead of it, at a worker's start: credentials are fetched where they have to be,
-- and a connection is opened. In a server that goes on in the background, in plain Lua it is waited for. It costs no
-- call; what fails is left to the first one.
function Client:warm()
  self.host.spawn(function()
    self:ready()
    self.loop:warm()
  end)
end

--- call(operation, parameters) → the reply's table, as the service sent it (JSON null is cjson.null); or nil, message,
-- info. operation: any read operation of the service, see certstat.operations. options.lane: see certstat.quota.
function Client:call(operation, parameters, options)
  local lane = lane_of(options, "interactive")
  local query, message, info = operations.encode(operation, parameters or {})
  if not query then return nil, message, info end
  local ok
  ok, message, info = may_wait(self)
  if not ok then return nil, message, info end
  local call = self.loop:submit(operation, operations.VERSION, query, lane)
  self.loop:wait(function() return call.done end)
  if call.reply then return call.reply end
  return nil, call.message, call.info
end

--- list(operation, parameters) → an iterator of the items of any list operation, page by page, as sent.
-- After the last it returns nil; where a page could not be had, nil, message, info.
function Client:list(operation, parameters, options)
  local known = operations[operation]
  if type(known) ~= "table" or not known.paging then
    error(("list: expected an operation with pages, found %s"):format(tostring(operation)), 2)
  end
  local lane = { lane = options and options.lane or "audit" }
  return pages.iterate(function(name, page) return self:call(name, page, lane) end, operation, parameters or {})
end

local function text(value)
  value = classify.present(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function time(value) return times.read(classify.present(value)) end

--- certificates(options) → an iterator of the client and server certificates that the service lists: {serial = "" where
-- it lists none, wire = the same, identifier =, status = "ISSUE" | "REVOKE", type = "CLIENT" | "SERVER", subject =,
-- common_name =, not_before =, not_after =, revoked_at = seconds since 1970, fields = all that the service sent}.
-- Errors as in list.
-- options.operation: ListClientCertificate, the usual one, ListCert or ListRevokeCertificate (which alone has
-- revoked_at); options.parameters: of that operation.
-- It is a source for audit, which asks for each serial in the service's own spelling.
function Client:certificates(options)
  local operation = options and options.operation or "ListClientCertificate"
  local items = self:list(operation, options and options.parameters, options)
  return function()
    local item, message, info = items()
    if not item then return nil, message, info end
    return {
      serial = text(item.SerialNumber) or "", wire = text(item.SerialNumber), identifier = text(item.Identifier),
      status = text(item.Status), type = text(item.CertificateType), common_name = text(item.CommonName),
      subject = text(item.SubjectDN) or text(item.SubjectDn), -- ListCert has another spelling, and numbers under *Time
      not_before = time(item.BeforeTime) or time(item.BeforeDate),
      not_after = time(item.AfterTime) or time(item.AfterDate),
      revoked_at = time(item.RevokeDate), fields = item,
    }
  end
end

-- options.now(): gives seconds since 1970; then a row also has checked_at, when its answer came.
-- options.on_answers(entries): told of the answers of each reply, before their rows come: entries[i] = {key =, answer =
-- {status =, revoked_at =, class =, code =, …}}, read only. options.recall(key) → such an answer, kept from before:
-- then it is not asked for; nil where there is none.
local function begin(client, source, lane, options)
  options = options or {}
  return audit.new(client.together, source, {
    lane = lane, on_answers = options.on_answers, recall = options.recall, now = options.now,
  })
end

--- status(list) → rows, one per serial and in its order; or nil, message, info where none of them could be asked: then
-- info.rows has them.
-- A row: {serial = as given, key =, status =, revoked_at = seconds since 1970 | nil, class =, code =, message =, info =
-- what more is known of an error}.
function Client:status(list, options)
  local next_item, lane = iterate(list), lane_of(options, "interactive")
  local ok, message, info = may_wait(self)
  if not ok then return nil, message, info end
  local run = begin(self, next_item, lane, options)
  local rows, answered, failed = {}, false, nil
  local row = run:next()
  while row do -- Lua 5.1 can't yield out of a for's iterator
    rows[#rows + 1] = row
    answered = answered or row.status ~= "error"
    failed = failed or row.status == "error" and row
    row = run:next()
  end
  if answered or not failed then return rows end
  info = { rows = rows }
  for name, value in pairs(failed.info or {}) do info[name] = value end
  info.class, info.code = failed.class, failed.code
  return nil, failed.message, info
end

--- audit(source) → an iterator of rows as status gives them, streaming: `for row in client:audit(source) do`.
-- source: a list or an iterator of serial numbers (strings, or {serial =, wire =, binary =}, which a row has as
-- `item`), and of rows that need not be asked, {row = row}, as certstat.sources give for what can't be read.
-- Each serial asked gets its row, an error row if need be. Where the source itself ends with nil, message, info, so
-- does this iterator, after the last row. One coroutine at a time may read it. What nobody will read any more, as the
-- iterator is garbage, is not sent.
-- In the lane `audit`, the usual one, a call is given up for what comes of its attempts, not after the timeout. After
-- ten calls in a row that nobody answered the rest is not asked.
function Client:audit(source, options)
  local next_item, lane = iterate(source), lane_of(options, "audit")
  local ok, message, info = may_wait(self)
  if not ok then
    return function() return nil, message, info end
  end
  local run = begin(self, next_item, lane, options)
  return function() return run:next() end
end

--- counters() → {calls = sent, serials = asked, throttled =, retries =, failed =, clock_offset = the seconds by which
-- the service's clock was found to be ahead, where it was so far off that dates are taken from it}, so far.
function Client:counters()
  local copy = {}
  for name, value in pairs(self.loop.counters) do copy[name] = value end
  return copy
end

--- guard() → the seconds by which the quota lengthens its window now; or nil, message, info.
function Client:guard()
  local ok, message, info = may_wait(self)
  if not ok then return nil, message, info end
  local view
  self.loop:wait(function()
    if self.loop.closed then return true end
    view, message, info = self.loop.quota:look(self.host.now_ns())
    return type(view) ~= "number" -- else another process has it, for microseconds
  end)
  if self.loop.closed then return may_wait(self) end
  if not view then return nil, message, info end
  return view.guard_ns / 1e9
end

--- close(): ends the client; calls on their way end with class `closed`. Calling it again does nothing.
function Client:close()
  self.loop:close()
  if self.quota then self.quota:close() end
end
-- no __gc: an iterator may still be read when nobody holds its client any more
Client.__close = Client.close

return M
