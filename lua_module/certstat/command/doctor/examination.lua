--- The examination: every check in turn, each with what the ones before have found.
local calls_of = require "certstat.command.doctor.calls"
local connection = require "certstat.command.doctor.connection"
local credentials = require "certstat.credentials"
local credentials_of = require "certstat.command.doctor.credentials"
local endpoints = require "certstat.endpoints"
local home = require "certstat.home"
local host = require "certstat.host"
local identity = require "certstat.identity"
local ipc = require "certstat.ipc"
local ledger = require "certstat.command.doctor.ledger"
local net = require "certstat.net"
local probe = require "certstat.command.doctor.probe"
local quota = require "certstat.quota"
local quota_of = require "certstat.command.doctor.quota"
local row = require "certstat.command.doctor.row"
local service = require "certstat.command.doctor.service"
local version = require "certstat.version"
local words = require "certstat.words"

local M = {}

local TIMEOUT_S = 10

-- The credentials that the client would use: {session =, found =, message =, info =}, the last two where there are
-- none; or nil, message, info where an option can't be used.
local function find_credentials(options, here)
  local session, message, info = credentials.open {
    profile = options.profile, ca_file = options.ca_file, allow_http = options.allow_http, getenv = options.getenv,
  }
  if session then
    local found
    found, message, info = session:wait(here)
    return { session = session, found = found, message = message, info = info }
  end
  if info.class == "argument" then return nil, message, info end
  return { message = message, info = info }
end

-- The endpoint and the account's name; or nil, message, info.
local function find_place(options, facts)
  local endpoint, message, info = endpoints.find(options, options.getenv, facts)
  if not endpoint then return nil, message, info end
  local account
  account, message, info = home.account(options.account, options.getenv, facts.account)
  if not account then return nil, message, info end
  return endpoint, account
end

-- What the client would use, as far as there is any of it: {credentials =, endpoint =, account =, connections =,
-- quota =, unshared = why there is none or nobody shares it, quota_info =, calls =}; or nil, message, info where an
-- option can't be used.
local function prepare(options)
  local here = host.detect()
  local found, message, info = find_credentials(options, here)
  if not found then return nil, message, info end
  local endpoint, account
  endpoint, account, info = find_place(options, found.session and found.session.facts or {})
  if not endpoint then return nil, account, info end
  local connections
  connections, message, info = net.new { ca_file = options.ca_file, allow_http = options.allow_http }
  if not connections then return nil, message, info end
  local shared, unshared, quota_info = quota.of_account {
    rate = options.qps, guard = options.guard, home = options.home, account = account, getenv = options.getenv,
  }
  return {
    credentials = found, endpoint = endpoint, account = account, connections = connections, quota = shared,
    unshared = unshared, quota_info = quota_info, calls = calls_of.new {
      net = connections, host = here, endpoint = endpoint, quota = shared and shared.state,
      timeout_ns = math.floor((options.timeout or TIMEOUT_S) * 1e9), user_agent = "certstat/" .. version,
      on_wait = options.on_wait,
      identity = found.found and identity.new { endpoint = endpoint, session = found.session, host = here },
    },
  }
end

local function finish(things)
  things.connections:close()
  if things.quota then things.quota:close() end
  local owner = things.calls.identity or things.credentials.session
  if owner then owner:close() end
end

local function tell_all(tell, ...)
  for _, one in ipairs { ... } do tell(one) end
end

local function wall_s() return math.floor(ipc.wall_ns() / 1e9) end

-- Why the service can't be asked, or nil.
local function obstacle(things, event)
  if event.kind == "failed" then return "there is no connection" end
  if not things.calls.identity then return "there are no credentials" end
  if not things.quota then return "there is no quota to ask with" end
  return nil
end

-- Tells what the service says, and returns whether all is in order, so that more can be asked.
local function ask_service(things, event, tell)
  local why = obstacle(things, event)
  if why then
    for _, check in ipairs { "clock", "signature", "permission" } do tell(row(check, "skipped", why)) end
    return false
  end
  local fine = true
  for _, one in ipairs { service.rows(things.calls) } do
    tell(one)
    fine = fine and (one.status == "ok" or one.check == "clock")
  end
  return fine
end

local function quota_row(things)
  if not things.quota then return row("quota", "failed", things.unshared, things.quota_info.class) end
  return quota_of.row(things.quota.state, things.calls, things.account, things.unshared)
end

--- run(options, tell) → how many calls were spent; or nil, message, info where an option can't be used. tell(row): told
-- of each row as soon as it is known. options: endpoint, region, network, allow_http, profile, ca_file, home, account,
-- qps, guard, as of certstat.client; timeout (seconds for a call); getenv; on_wait(); probe: whether to ask what the
-- documentation leaves open, and batch, the most serials in a call that it tries.
function M.run(options, tell)
  local things, message, info = prepare(options)
  if not things then return nil, message, info end
  local calls, found = things.calls, things.credentials
  local shared_before = quota_row(things)
  tell_all(tell, credentials_of.rows(found.found, found.message, found.info))
  local began_ns = calls.host.now_ns()
  local event
  event, message, info = calls:connect()
  if event then
    tell_all(tell, connection.rows(things.endpoint, event, began_ns, wall_s()))
    local fine = ask_service(things, event, tell)
    tell_all(tell, shared_before, ledger.row { home = options.home, getenv = options.getenv })
    if options.probe and fine then
      probe.run(calls, options.batch, wall_s(), tell)
    elseif options.probe then
      tell(row("probe", "skipped", "what stands before it is not in order"))
    end
    tell(row("calls", "ok", words.count(calls.sent, "call") .. " of the account's quota spent"))
  end
  finish(things)
  if not event then return nil, message, info end
  return calls.sent
end

return M
