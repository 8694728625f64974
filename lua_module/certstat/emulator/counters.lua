--- What the emulator has counted since it started, for its control socket.
local json = require("cjson").new()

local M = {}
local Counters = {}
Counters.__index = Counters
Counters.__name = "certstat.emulator.counters"

function M.new()
  return setmetatable({ calls = 0, serials = 0, codes = {} }, Counters)
end

local function increment(counts, name) counts[name] = (counts[name] or 0) + 1 end

--- A call that arrived. call: {serials=, code= of a refusal or nil}.
function Counters:call(call)
  self.calls = self.calls + 1
  self.serials = self.serials + (call.serials or 0)
  if call.code then increment(self.codes, call.code) end
end

--- → JSON: {"calls":, "serials":, "codes": {CODE: refusals}}.
function Counters:json()
  return ('{"calls":%d,"serials":%d,"codes":%s}'):format(self.calls, self.serials, json.encode(self.codes))
end

return M
