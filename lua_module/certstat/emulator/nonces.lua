--- The nonces that were used: each is good once in thirty minutes, which covers the fifteen that a request's
-- date may lie ahead and the fifteen behind.
local M = {}
local Nonces = {}
Nonces.__index = Nonces
Nonces.__name = "certstat.emulator.nonces"

local KEEP_S = 30 * 60

--- new(memory) → nonces. memory: what an nginx shared dictionary offers: get(key), safe_add(key, value,
-- seconds) → true or nil, message (never dropping an older one to make room).
function M.new(memory) return setmetatable({ memory = memory }, Nonces) end

local function name(access_key_id, nonce) return access_key_id .. "\n" .. nonce end

--- Whether this access key has used this nonce.
function Nonces:used(access_key_id, nonce)
  return self.memory:get(name(access_key_id, nonce)) ~= nil
end

--- Remembers it: true; or nil, message where there is no room for another.
function Nonces:remember(access_key_id, nonce)
  return self.memory:safe_add(name(access_key_id, nonce), true, KEEP_S)
end

return M
