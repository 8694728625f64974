--- Faults on purpose: a scenario read, and which of its faults a call gets. Pure: the time is given.
local core = require "certstat.core"
local json = require("cjson").new()
local random = require "certstat.emulator.faults.random"
local rule = require "certstat.emulator.faults.rule"

local M = {}
local Faults = {}
Faults.__index = Faults
Faults.__name = "certstat.emulator.faults"

--- read(text, tls) → scenario, for Faults:add; or nil, message. text: {"seed": N, "faults": [{"fault": KIND, …}, …]};
-- tls: whether there are handshakes.
function M.read(text, tls)
  local ok, given = pcall(json.decode, text)
  if not ok or type(given) ~= "table" or type(given.faults) ~= "table" then
    return nil, 'expected {"faults":[…]}, found ' .. core.printable(text, 40)
  end
  local seed = given.seed == nil and 1 or given.seed
  if type(seed) ~= "number" or seed % 1 ~= 0 or seed < 0 or seed > 2147483646 then
    return nil, "'seed': expected a whole number from 0 to 2147483646"
  end
  local rules = {}
  for i, one in ipairs(given.faults) do
    local read, message = rule.read(one)
    if read and read.handshake and not tls then message = read.kind .. ": there is no TLS without --tls" end
    if message then return nil, ("fault %d: %s"):format(i, core.printable(message, 300)) end
    rules[i] = read
  end
  if next(given.faults) ~= nil and #rules == 0 then return nil, "'faults': expected an array" end
  return { seed = seed, rules = rules }
end

--- new() → no faults.
function M.new() return setmetatable({ rules = {} }, Faults) end

--- Adds those of a scenario, whose time spans and numbers of calls begin now. now_s: seconds of any clock that does not
-- step. Each has random numbers of its own, so that none changes what another does.
function Faults:add(scenario, now_s)
  for i, one in ipairs(scenario.rules) do
    one.random, one.seen, one.hits, one.since_s = random.new(scenario.seed + i), 0, 0, now_s
    self.rules[#self.rules + 1] = one
  end
end

--- Removes them all.
function Faults:clear() self.rules = {} end

local function is_in(ranges, seen)
  for _, range in ipairs(ranges) do
    if seen >= range[1] and seen <= range[2] then return true end
  end
  return false
end

local function is_for(one, call)
  return (one.action or call.action) == call.action
    and (one.access_key_id or call.access_key_id) == call.access_key_id
end

local function is_hit(one, call, now_s)
  local after_s = now_s - one.since_s
  if not is_for(one, call) then return false end
  one.seen = one.seen + 1
  if one.calls and not is_in(one.calls, one.seen) then return false end
  if after_s < (one.from_s or 0) or after_s >= (one.to_s or math.huge) then return false end
  if one.probability and one.random:next() >= one.probability then return false end
  one.hits = one.hits + 1
  return true
end

--- The faults that a call gets, in the scenario's order. call: {action =, access_key_id =}; nil: a TLS handshake.
function Faults:choose(call, now_s)
  local chosen = {}
  for _, one in ipairs(self.rules) do
    if one.handshake == (call == nil) and is_hit(one, call or {}, now_s) then chosen[#chosen + 1] = one end
  end
  return chosen
end

--- What there is: array of {given = the fault as it was given, seen = the calls it was for, hits = those that got it}.
function Faults:list()
  local listed = {}
  for i, one in ipairs(self.rules) do listed[i] = { given = one.given, seen = one.seen, hits = one.hits } end
  return listed
end

return M
