--- The emulator's control: what a request on its socket does. JSON, over HTTP:
--   GET /counters                   what has been counted, see counters
--   POST /revocations?serial=S      S is revoked from now on, whatever index.txt says
local core = require "certstat.core"
local json = require("cjson").new()

local M = {}
local Control = {}
Control.__index = Control
Control.__name = "certstat.emulator.control"

--- new{counters=, registry=} → control.
function M.new(options)
  return setmetatable({ counters = options.counters, registry = options.registry }, Control)
end

local function refuse(status, message) return status, '{"error":' .. json.encode(message) .. "}" end

local DONE = '{"done":true}'
local ROUTES = {}

ROUTES["GET /counters"] = function(self) return 200, self.counters:json() end

ROUTES["POST /revocations"] = function(self, request)
  local serial = request.arguments.serial
  local key = type(serial) == "string" and core.serial(serial)
  if not key then return refuse(400, "serial: expected a serial number") end
  if self.registry:revoke(key, request.wall_s) == 0 then
    return refuse(404, "serial: there is no certificate " .. key)
  end
  return 200, DONE
end

--- answer{method=, path=, arguments=, wall_s=} → HTTP status, JSON. arguments: of the query, decoded; wall_s: seconds
-- since 1970.
function Control:answer(request)
  local route = ROUTES[request.method .. " " .. request.path]
  if not route then
    return refuse(404, "expected GET /counters or POST /revocations?serial=S")
  end
  return route(self, request)
end

return M
