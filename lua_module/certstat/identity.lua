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

-- The signer of the credentials that the session has now, if it has others than before. The old one is the garbage
-- collector's: somebody may be using it.
local function adopt(self)
  local current = self.session.current
  if current == self.credentials then return end
  self.signer = assert(core.signer(current.access_key_secret))
  self.credentials = current -- last: who is killed before is followed by one who does it again
end

--- new{endpoint =, session =, host =} → identity. session: see certstat.credentials.session, which the identity closes.
-- identity.credentials (nil before the first) and identity.clock are other tables after a renewal and a correction.
function M.new(options)
  local identity = setmetatable({
    session = options.session, now_ns = options.host.now_ns, trusts_date = endpoints.is_trusted(options.endpoint),
  }, Identity)
  adopt(identity)
  return identity
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

--- One turn of what goes on for the credentials; never waits. Returns whether something has come of it.
function Identity:advance()
  local ended = self.session:advance()
  adopt(self)
  return ended
end

--- Whether there are credentials to sign with: 0; else the nanoseconds until it is worth asking again; or nil, message,
-- info where there are none to be had.
function Identity:wait_ns()
  local found, message, info = self.session:take()
  if found == nil then return nil, message, info end
  return found and 0 or message
end

--- The service calls the credentials expired: others are asked for.
function Identity:ask_renewal()
  self.renewing = true
  self.session:refuse()
end

--- What came of it, once: true; or false, message. nil where none were asked for, or they are on their way.
function Identity:renewed()
  local wait_ns, message = self:wait_ns()
  if not self.renewing or wait_ns and wait_ns > 0 then return nil end
  self.renewing = false
  if wait_ns then return true end
  return false, message
end

--- Forgets the secret.
function Identity:close()
  if self.signer then self.signer:close() end
  self.session:close()
end

return M
