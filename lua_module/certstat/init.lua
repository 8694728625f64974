--- certstat: which certificates of Alibaba Cloud's Private CA are good, revoked or unknown, by their serial numbers.
-- `require "certstat"` does no I/O and loads nothing else: each function brings its own room at first use.
local certstat = { _VERSION = require("certstat.version") }

--- client(options) → client; or nil, message, info. See certstat.client.
function certstat.client(options) return require("certstat.client").new(options) end

--- sign(request) → what to send; or nil, message, info. See certstat.sign.
function certstat.sign(request) return require("certstat.sign").sign(request) end

--- verify(request) → true; or false, message, info. See certstat.sign.
function certstat.verify(request) return require("certstat.sign").verify(request) end

--- quota(options) → quota. See certstat.quota.
function certstat.quota(options) return require("certstat.quota").new(options) end

--- serial(text [, "binary"]) → {key = lower-case hex, given = text}; or nil, message, info.
function certstat.serial(text, form)
  local key, message, info = require("certstat.core").serial(text, form)
  if not key then return nil, message, info end
  return { key = key, given = text }
end

return certstat
