--- The emulator's control: what a request on its socket does. JSON, over HTTP:
--   GET /counters                   what has been counted, see counters
--   GET /faults                     the faults there are, each with the calls it was for and those that got it
--   POST /faults, a scenario        adds its faults, see faults.read
--   DELETE /faults                  removes them all
--   GET /switches                   the switches and their values, see switches
--   POST /switches?NAME=VALUE       sets one, or several
--   POST /revocations?serial=S      S is revoked from now on, whatever index.txt says
local core = require "certstat.core"
local faults = require "certstat.emulator.faults"
local json = require("cjson").new()
local switches = require "certstat.emulator.switches"

local M = {}
local Control = {}
Control.__index = Control
Control.__name = "certstat.emulator.control"

--- new{faults=, counters=, registry=, switches=, tls=} → control.
function M.new(options)
  return setmetatable({
    faults = options.faults, counters = options.counters, registry = options.registry, switches = options.switches,
    tls = options.tls,
  }, Control)
end

local function refuse(status, message) return status, '{"error":' .. json.encode(message) .. "}" end

local DONE = '{"done":true}'
local ROUTES = {}

ROUTES["GET /counters"] = function(self) return 200, self.counters:json() end

ROUTES["GET /faults"] = function(self)
  local listed = {}
  for i, one in ipairs(self.faults:list()) do
    listed[i] = ('{"given":%s,"seen":%d,"hits":%d}'):format(json.encode(one.given), one.seen, one.hits)
  end
  return 200, '{"faults":[' .. table.concat(listed, ",") .. "]}"
end

ROUTES["POST /faults"] = function(self, request)
  local scenario, message = faults.read(request.body, self.tls)
  if not scenario then return refuse(400, message) end
  self.faults:add(scenario, request.now_s)
  return 200, DONE
end

ROUTES["DELETE /faults"] = function(self)
  self.faults:clear()
  return 200, DONE
end

ROUTES["GET /switches"] = function(self) return 200, json.encode(self.switches) end

ROUTES["POST /switches"] = function(self, request)
  for name, value in pairs(request.arguments) do
    local ok, message = switches.check(name, tostring(value))
    if not ok then return refuse(400, "switches: " .. message) end
  end
  for name, value in pairs(request.arguments) do self.switches[name] = value end
  return 200, DONE
end

ROUTES["POST /revocations"] = function(self, request)
  local serial = request.arguments.serial
  local key = type(serial) == "string" and core.serial(serial)
  if not key then return refuse(400, "serial: expected a serial number") end
  if self.registry:revoke(key, request.wall_s) == 0 then
    return refuse(404, "serial: there is no certificate " .. key)
  end
  return 200, DONE
end

--- answer{method=, path=, arguments=, body=, now_s=, wall_s=} → HTTP status, JSON. arguments: of the query, decoded;
-- now_s: seconds of a clock that does not step; wall_s: since 1970.
function Control:answer(request)
  local route = ROUTES[request.method .. " " .. request.path]
  if not route then
    return refuse(404, "expected GET /counters, GET, POST or DELETE /faults, GET /switches, POST /switches?NAME=VALUE, "
      .. "or POST /revocations?serial=S")
  end
  return route(self, request)
end

return M
