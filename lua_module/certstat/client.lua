--- The client: what a program asks certstat.
local audit = require "certstat.audit"
local classify = require "certstat.classify"
local credentials = require "certstat.credentials"
local endpoints = require "certstat.endpoints"
local host = require "certstat.host"
local loop = require "certstat.loop"
local net = require "certstat.net"
local operations = require "certstat.operations"
local pages = require "certstat.pages"
local quota = require "certstat.quota"
local times = require "certstat.times"
local version = require "certstat.version"

local Client = { __name = "certstat.client" }
Client.__index = Client
Client.__tostring = function() return "certstat.client" end

local M = {}

M.BATCH = 50    -- serials per call; the largest is not documented
M.TIMEOUT = 60  -- seconds for one call with all its attempts

local OPTIONS = {
  region = "string", endpoint = "string", network = "string", credentials = "table", profile = "string",
  quota = "table", qps = "number", guard = "number", batch = "number", timeout = "number", ca_file = "string",
  allow_http = "boolean", getenv = "function", on_call = "function",
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
  local size = options.batch or M.BATCH
  if size < 1 or size % 1 ~= 0 then
    error("client: option 'batch': expected a whole number of at least 1", 3)
  end
  local timeout = options.timeout or M.TIMEOUT
  if not (timeout > 0 and timeout <= 86400) then
    error("client: option 'timeout': expected 0 to 86400 seconds", 3)
  end
end

--- new(options) → client; or nil, message, info. Options, all optional:
--   region, endpoint, network ("vpc")  where the service is (default: ALIBABA_CLOUD_REGION_ID, else cn-hangzhou)
--   credentials {access_key_id =, access_key_secret =, security_token =}, or profile; else the official tools'
--   quota (a certstat.quota), or qps (10) and guard (0.1 s) for one of its own
--   batch (50 serials a call), timeout (60 s for one call with all its attempts)
--   ca_file (PEM), allow_http, on_call(event) (told of each answer), getenv
function M.new(options)
  options = options or {}
  check(options)
  local getenv = options.getenv or os.getenv
  local found, message, info = credentials.find {
    credentials = options.credentials, profile = options.profile, getenv = getenv,
  }
  if not found then return nil, message, info end
  local endpoint
  endpoint, message, info = endpoints.resolve {
    endpoint = options.endpoint or not options.region and found.endpoint or nil,
    region = options.region or getenv("ALIBABA_CLOUD_REGION_ID") or found.region,
    network = options.network, allow_http = options.allow_http,
  }
  if not endpoint then return nil, message, info end
  local here = host.detect()
  local connection
  connection, message, info = net.new { ca_file = options.ca_file, allow_http = options.allow_http }
  if not connection then return nil, message, info end
  local shared = options.quota or quota.new { rate = options.qps, guard = options.guard }
  local calls
  calls, message, info = loop.new {
    endpoint = endpoint, credentials = found, quota = shared.state, net = connection, host = here,
    timeout_ns = math.floor((options.timeout or M.TIMEOUT) * 1e9), user_agent = "certstat/" .. version,
    on_call = options.on_call,
  }
  if not calls then return nil, message, info end
  return setmetatable({
    loop = calls, host = here, sizes = { limit = options.batch or M.BATCH },
    warnings = found.warnings, -- lines for people: readable secrets, providers passed over
  }, Client)
end

local function iterate(source)
  if type(source) == "function" then return source end
  if type(source) ~= "table" then
    error("expected a list or an iterator of serial numbers, found " .. type(source), 3)
  end
  local i = 0
  return function()
    i = i + 1
    return source[i]
  end
end

function Client:must_wait()
  if self.loop.closed then return nil, "the client is closed", { class = "closed", code = "Closed" } end
  local ok, message = self.host.may_wait()
  if ok then return true end
  return nil, message, { class = "argument", code = "CannotWait" }
end

--- call(operation, parameters) → the reply's table, as the service sent it (JSON null is cjson.null); or nil, message,
-- info. operation: any read operation of the service, see certstat.operations. options.lane: see certstat.quota.
function Client:call(operation, parameters, options)
  local query, message, info = operations.encode(operation, parameters or {})
  if not query then return nil, message, info end
  local ok
  ok, message, info = self:must_wait()
  if not ok then return nil, message, info end
  local call = self.loop:submit(operation, operations.VERSION, query, options and options.lane or "interactive")
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
  return pages.iterate(function(name, page) return self:call(name, page, options) end, operation, parameters or {})
end

local function text(value)
  value = classify.present(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- certificates() → an iterator of the client and server certificates that the service lists (ListClientCertificate):
-- {serial =, wire = the same, identifier =, status = "ISSUE" | "REVOKE", type = "CLIENT" | "SERVER", subject =,
-- common_name =, not_before =, not_after = seconds since 1970, fields = all that the service sent}. Errors as in list.
-- It is a source for audit, which asks for each serial in the service's own spelling.
function Client:certificates(options)
  local items = self:list("ListClientCertificate", {}, options)
  return function()
    local item, message, info = items()
    if not item then return nil, message, info end
    return {
      serial = text(item.SerialNumber), wire = text(item.SerialNumber), identifier = text(item.Identifier),
      status = text(item.Status), type = text(item.CertificateType), subject = text(item.SubjectDN),
      common_name = text(item.CommonName), not_before = times.read(classify.present(item.BeforeDate)),
      not_after = times.read(classify.present(item.AfterDate)), fields = item,
    }
  end
end

--- status(list) → rows, one per serial and in its order; or nil, message, info where none of them could be asked.
-- A row: {serial = as given, key =, status =, revoked_at = seconds since 1970 | nil, class =, code =, message =}.
function Client:status(list, options)
  local ok, message, info = self:must_wait()
  if not ok then return nil, message, info end
  local run = audit.new(self.loop, iterate(list), {
    lane = options and options.lane or "interactive", sizes = self.sizes,
  })
  local rows, answered, failed = {}, false, nil
  for row in function() return run:next() end do
    rows[#rows + 1] = row
    answered = answered or row.status ~= "error"
    failed = failed or row.status == "error" and row
  end
  if failed and not answered then
    return nil, failed.message, { class = failed.class, code = failed.code, rows = rows }
  end
  return rows
end

--- audit(source) → an iterator of rows as status gives them, streaming: `for row in client:audit(source) do`.
-- source: a list or an iterator of serial numbers (strings, or {serial =, wire =, binary =}, which a row has as `item`).
-- Each serial asked gets its row, an error row if need be. Where the source itself ends with nil, message, info,
-- so does this iterator, after the last row.
function Client:audit(source, options)
  local next_item = iterate(source)
  local ok, message, info = self:must_wait()
  if not ok then
    return function() return nil, message, info end
  end
  local run = audit.new(self.loop, next_item, {
    lane = options and options.lane or "audit", sizes = self.sizes,
  })
  return function() return run:next() end
end

--- counters() → {calls = sent, serials = asked, throttled =, retries =, failed =}, so far.
function Client:counters()
  local copy = {}
  for name, value in pairs(self.loop.counters) do copy[name] = value end
  return copy
end

--- close(): ends the client; calls on their way end with class `closed`. Calling it again does nothing.
function Client:close()
  self.loop:close()
end
Client.__gc, Client.__close = Client.close, Client.close

return M
