--- Who signs a loop's calls, and by which clock: credentials that can be renewed, and a clock that can be corrected.
local core = require "certstat.core"
local endpoints = require "certstat.endpoints"
local ipc = require "certstat.ipc"
local sign = require "certstat.sign"
local times = require "certstat.times"

local Identity = { __name = "certstat.identity" }
Identity.__index = Identity

local M = {}

-- The service takes dates that differ by up to 15 minutes from its own (https://www.alibabacloud.com/help/en/sdk/
-- product-overview/v3-request-structure-and-signature): a clock that is off by much less is not what it refuses. What
-- is more than ten years off is no clock's word.
local LEAST_OFFSET = 600 -- seconds
local MOST_OFFSET = 10 * 365 * 86400

local LONGEST_RENEWAL_NS = 60e9 -- new credentials take seconds

--- new{endpoint =, credentials =, refresh =, host =} → identity; or nil, message, info.
-- refresh() → new credentials, as certstat.credentials makes them; or nil, message, info. It may be nil: then what has
-- expired stays so. identity.credentials and identity.clock are other tables after a renewal and a correction.
function M.new(options)
  local signer, message, info = core.signer(options.credentials.access_key_secret)
  if not signer then return nil, message, info end
  return setmetatable({
    signer = signer, credentials = options.credentials, refresh = options.refresh, now_ns = options.host.now_ns,
    trusts_date = endpoints.is_trusted(options.endpoint), clock = nil,
  }, Identity)
end

-- Behind a correction by the clock that never steps: whoever sets the machine's own right does no harm.
local function seconds(self)
  local clock = self.clock
  return clock and clock.seconds + (self.now_ns() - clock.at_ns) / 1e9 or ipc.wall_ns() / 1e9
end

--- Signs a request (see certstat.sign) with a date and a nonce of its own; returns what to send, or nil, message, info.
function Identity:sign(request)
  local credentials = self.credentials
  request.date, request.nonce = sign.date(seconds(self)), sign.nonce()
  request.access_key_id, request.security_token = credentials.access_key_id, credentials.security_token
  return self.signer:v3(request)
end

--- The service calls a date expired, and its answer has this Date (nil where it has none): from now on dates follow
-- that clock. Returns the seconds by which it is ahead of the machine's; nil where nothing is corrected: the answer is
-- not from the service for certain, has no date or not a sane one, or the clock has been corrected before.
function Identity:correct_clock(date)
  local read = not self.clock and self.trusts_date and times.read_http_date(date)
  local offset = read and read - math.floor(ipc.wall_ns() / 1e9)
  if not offset or math.abs(offset) <= LEAST_OFFSET or math.abs(offset) >= MOST_OFFSET then return nil end
  self.clock = { seconds = read, at_ns = self.now_ns() }
  return offset
end

-- Goes for new credentials: true; or nil, message.
local function find(self)
  local found, message = self.refresh()
  if not found then return nil, message end
  local old = self.credentials
  if found.access_key_id == old.access_key_id and found.security_token == old.security_token then
    return nil, "those found are the same"
  end
  local signer
  signer, message = core.signer(found.access_key_secret)
  if not signer then return nil, message end
  self.signer, self.credentials = signer, found -- the old one is the garbage collector's: somebody may be using it
  return true
end

--- Asks for new credentials. Returns false where nobody can bring any.
function Identity:ask_renewal()
  if not self.refresh then return false end
  self.renewal = self.renewal or { began_ns = self.now_ns(), token = { true } }
  return true
end

--- Whether new credentials have been asked for, and are not there yet.
function Identity:is_renewing() return self.renewal ~= nil and not self.renewal.ended end

--- Goes for the new credentials that have been asked for, if nobody else does, and may wait for them. Raises what
-- refresh raises.
function Identity:renew()
  local renewal = self.renewal
  if not (renewal and table.remove(renewal.token)) then return end
  local ok, renewed, message = pcall(find, self)
  renewal.renewed, renewal.message = ok and renewed, ok and message or "given up after an error"
  renewal.ended = true
  if not ok then error(renewed, 0) end
end

--- What came of it, once: true; or false, message. nil where none was asked for, or it goes on. Whoever went for them
-- may be no more (a host may kill a coroutine): that is known after a minute.
function Identity:renewed()
  local renewal = self.renewal
  if not renewal or not renewal.ended and self.now_ns() - renewal.began_ns <= LONGEST_RENEWAL_NS then return nil end
  self.renewal = nil
  if renewal.renewed then return true end
  return false, renewal.message or "given up"
end

--- Forgets the secret.
function Identity:close() self.signer:close() end

return M
