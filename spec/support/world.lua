--- world.lua - a loop in a world of its own: virtual time, a fake net, and a service that a test scripts. Every request
-- that leaves is verified as the service would.
local cjson = require("cjson").new()
local core = require "certstat.core"
local credentials = require "certstat.credentials"
local fake_fetch = require "spec.support.fake_fetch"
local ipc = require "certstat.ipc"
local loop = require "certstat.loop"
local session = require "certstat.credentials.session"
local sign = require "certstat.sign"
local fake_net = require "spec.support.fake_net"

local World = {}
World.__index = World

local world = {}

world.SECRET = "canary-secret-of-the-access-key"
world.STATUS = "DescribeClientCertificateStatusForSerialNumber"
local START = 1000000000000000      -- CLOCK_BOOTTIME
local WALL = 1767323045000000000    -- 2026-01-02T03:04:05Z

local function header_map(request)
  local headers = {}
  for _, pair in ipairs(request.headers) do headers[pair[1]:lower()] = pair[2] end
  return headers
end

-- The query's parameters, decoded.
local function query_of(request)
  local query = {}
  local raw = request.url:match("%?(.*)$") or ""
  for _, pair in ipairs(assert(core.parse_query(raw))) do query[pair[1]] = pair[2] end
  return query
end

local function http_date(seconds) return os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds) end

-- What a server sees of a request, which must be signed, at its time, with a nonce that has not been used. Returns a
-- refusal where the clocks of both differ, as they are meant to.
local function receive(self, request)
  request.fields, request.query = header_map(request), query_of(request)
  request.action, request.nonce = request.fields["x-acs-action"], request.fields["x-acs-signature-nonce"]
  local now = math.floor((WALL + self.clock.now - START) / 1e9) + self.ahead
  local id = request.fields.authorization:match("Credential=([^,]*)")
  local ok, message = sign.verify {
    method = request.method, target = request.url:match("^%w+://[^/]*(.*)$"), headers = request.fields,
    body = request.body, secret = self.secrets[id], now = now,
  }
  if not ok and self.ahead ~= 0 and message:find("^InvalidTimeStamp.Expired") then
    return world.refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.",
      { headers = { date = http_date(now) } })
  elseif not ok then error("fake service: " .. message, 0) end
  if self.nonces[request.nonce] then error("fake service: a nonce was used twice", 0) end
  self.nonces[request.nonce] = true
end

--- new{answer =, connect =, rate =, guard_ns =, timeout =, token =, on_call =, host =, endpoint =, ask =, ahead =} →
-- world: loop, net, quota, clock, session, fetch; secrets, by the ids of access keys; ask: as of
-- certstat.credentials.session, nil: there are always the same; ahead: seconds, of the service's clock before the
-- loop's.
-- answer(request, n) and connect(n): as fake_net's; request.query, .fields (the header), .action are there to look at.
function world.new(options)
  options = options or {}
  local self = setmetatable({ clock = { now = START }, nonces = {}, ahead = options.ahead or 0,
    secrets = { testid = world.SECRET } }, World)
  ipc.wall_ns = function() return WALL + self.clock.now - START end
  self.net = fake_net.new(self.clock, function(request, n)
    local refused = receive(self, request)
    if refused then return refused end
    return options.answer and options.answer(request, n) or world.reply {}
  end, options.connect)
  self.quota = core.quota { rate = options.rate or 10, guard_ns = options.guard_ns or 100000000 }
  self.host = options.host or {
    name = "fake", now_ns = function() return self.clock.now end, may_wait = function() return true end,
    pause = function(net, ns) return net:step(ns) end,
  }
  self.host.begin = self.host.begin or function(waiting) return waiting:turn() end
  self.host.wait = self.host.wait or function(waiting)
    self.host.pause(waiting.net, waiting:idle_ns())
    return waiting:turn()
  end
  self.fetch = fake_fetch.new()
  local given = credentials.new {
    access_key_id = "testid", access_key_secret = world.SECRET, security_token = options.token,
  }
  self.session = session.new {
    now_ns = function() return self.clock.now end, fetch = self.fetch, random = function() return 0 end,
    ask = options.ask or function() return given end,
  }
  self.loop = loop.new {
    endpoint = options.endpoint or { url = "http://127.0.0.1:8080", host = "127.0.0.1:8080" }, host = self.host,
    net = self.net, session = self.session, quota = self.quota, rate = options.rate or 10, user_agent = "spec",
    timeout_ns = math.floor((options.timeout or 60) * 1e9), on_call = options.on_call,
  }
  return self
end

--- A reply of the service with these fields.
function world.reply(fields, more)
  fields.RequestId = fields.RequestId or "REQUEST-1"
  local plan = { status = 200, body = cjson.encode(fields) }
  for name, value in pairs(more or {}) do plan[name] = value end
  return plan
end

--- An error of the service.
function world.refusal(status, code, message, more)
  local plan = world.reply({ Code = code, Message = message or "No.", HostId = "cas.aliyuncs.com" }, more)
  plan.status = status
  return plan
end

--- The serials that a status request asks for.
function world.serials(request)
  local serials = {}
  for serial in request.query.SerialNumber:gmatch("[^,]+") do serials[#serials + 1] = serial end
  return serials
end

--- The reply to a status request: status_of(serial, i) → a word, an element's table, or nil to leave it out.
function world.statuses(request, status_of)
  local elements = {}
  for i, serial in ipairs(world.serials(request)) do
    local element = status_of(serial, i)
    if type(element) == "string" then element = { Status = element } end
    if element then
      element.SerialNumber = element.SerialNumber or serial
      elements[#elements + 1] = element
    end
  end
  if #elements == 0 then
    return { status = 200, body = '{"RequestId":"REQUEST-1","CertificateStatus":[]}' }
  end
  return world.reply { CertificateStatus = elements }
end

--- A serial number of 18 bytes, another for each i.
function world.serial(i) return ("b67e53ebcea9b77d65b0c3236646%08x"):format(i) end

--- The first n of them as an iterator.
function world.source(n)
  local i = 0
  return function()
    i = i + 1
    if i <= n then return world.serial(i) end
  end
end

--- Submits a call, in the lane `interactive` if none is named, and returns it.
function World:submit(query, lane, read)
  return self.loop:submit(world.STATUS, "2020-06-30", query or { SerialNumber = "ab" }, lane or "interactive", read, 1)
end

--- Submits a call, waits for its end and returns it.
function World:call(query, lane, read)
  local call = self:submit(query, lane, read)
  self.loop:wait(function() return call.done end)
  return call
end

--- For the option ask: what the fetch brings is the token of credentials that serve for two seconds; others are asked
-- for when half a second of that is left.
function world.ask_for_token()
  return { request = {}, continue = function(reply)
    return credentials.new { access_key_id = "testid", access_key_secret = world.SECRET, security_token = reply,
      expires_in = 2 }
  end }
end

--- In a server, with ask_for_token: the first token, "one", is there on return. Then a call asks for another, and
-- "two" comes when it is over, and nobody waits. Returns a table that gets the call.
function World:renew_behind_a_call(here)
  local renewal = {}
  here:spawn(function() self:call() end)
  here:run(function() return #self.fetch.begun == 1 end)
  self.fetch:finish("one")
  here:run(function() return self.net:live() > 0 end)
  here:spawn(function()
    here:sleep(1.6)
    renewal.call = self:call()
    here:sleep(0.3)
    self.fetch:finish("two")
  end)
  return renewal
end

--- Milliseconds since the world began.
function World:ms() return (self.clock.now - START) / 1e6 end

--- The most arrivals in any window of this many milliseconds.
function World:densest(window_ms)
  local times, most = {}, 0
  for _, request in ipairs(self.net.started) do
    if request.sent_ns then times[#times + 1] = request.sent_ns end
  end
  table.sort(times)
  for i = 1, #times do
    local n = 0
    for j = i, #times do
      if times[j] - times[i] < window_ms * 1e6 then n = n + 1 end
    end
    most = math.max(most, n)
  end
  return most
end

--- Permits that are booked: how many of the quota's `rate` can't be had at once, found out by taking what is left.
function World:booked(rate)
  local free = 0
  while free <= rate do
    local _, permit = self.quota:take("gate", self.clock.now, 0)
    if not permit then break end
    free = free + 1
  end
  return rate - free
end

return world
