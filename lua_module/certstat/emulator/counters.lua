--- What the emulator has counted since it started, for its control socket.
local json = require("cjson").new()

local M = {}
local Counters = {}
Counters.__index = Counters
Counters.__name = "certstat.emulator.counters"

function M.new()
  return setmetatable({
    calls = 0, serials = 0, handshakes = 0, turns = 0, long_turns = 0, longest_ns = 0, codes = {}, faults = {},
  }, Counters)
end

local LONG_NS = 1000000

local function increment(counts, name) counts[name] = (counts[name] or 0) + 1 end

--- A call that arrived. call: {serials=, code= of a refusal or nil}.
function Counters:call(call)
  self.calls = self.calls + 1
  self.serials = self.serials + (call.serials or 0)
  if call.code then increment(self.codes, call.code) end
end

--- A TLS handshake that began.
function Counters:handshake() self.handshakes = self.handshakes + 1 end

--- The faults that a call or a handshake gets: an array of rules.
function Counters:chosen(rules)
  for _, rule in ipairs(rules) do increment(self.faults, rule.kind) end
end

--- A turn of the worker's, in which nothing else could run: for so many nanoseconds on the processor.
function Counters:turn(ns)
  self.turns = self.turns + 1
  if ns > LONG_NS then self.long_turns = self.long_turns + 1 end
  if ns > self.longest_ns then self.longest_ns = ns end
end

--- → JSON: {"calls":, "serials":, "handshakes":, "turns":, "long_turns": those of more than a millisecond,
-- "longest_turn_us":, "codes": {CODE: refusals}, "faults": {KIND: times}}.
function Counters:json()
  return ('{"calls":%d,"serials":%d,"handshakes":%d,"turns":%d,"long_turns":%d,"longest_turn_us":%.0f,"codes":%s,'
    .. '"faults":%s}'):format(self.calls, self.serials, self.handshakes, self.turns, self.long_turns,
    self.longest_ns / 1000, json.encode(self.codes), json.encode(self.faults))
end

return M
