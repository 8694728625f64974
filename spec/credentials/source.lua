--- source.lua - what a provider is given in specs: variables, files, a moment; and what its steps ask for.
local assert = require "luassert"
local core = require "certstat.core"
local steps = require "certstat.credentials.steps"

local source = {}

source.NOW_S = 1767323045 -- 2026-01-02T03:04:05Z

--- new{variables = {NAME = value}, files = {path = text}, profile =, home =, allow_http =} → a source.
function source.new(options)
  options = options or {}
  local files = options.files or {}
  local self = { home = options.home or "/h", profile = options.profile, ns = 0, allow_http = options.allow_http }
  function self.getenv(name) return (options.variables or {})[name] end
  function self.read(path)
    if not files[path] then return nil, "No such file or directory", 2 end
    return files[path], "rw-------"
  end
  function self.is_file(path) return files[path] ~= nil end
  function self.now_ns() return self.ns end
  function self.wall_s() return source.NOW_S end
  return self
end

--- The parameters in a step's body.
function source.form(step)
  local parameters = {}
  for _, pair in ipairs(assert(core.parse_query(step.request.body))) do parameters[pair[1]] = pair[2] end
  return parameters
end

--- Keys as STS and its like write them, good for an hour.
function source.keys(fields)
  local keys = {
    AccessKeyId = "STS.id", AccessKeySecret = "canary-secret", SecurityToken = "token",
    Expiration = "2026-01-02T04:04:05Z",
  }
  for name, value in pairs(fields or {}) do keys[name] = value or nil end
  return keys
end

--- A reply with a JSON body.
function source.reply(body, status, headers)
  return { status = status or 200, headers = headers or {}, body = require("cjson").new().encode(body) }
end

--- Asserts that an outcome is none, for this reason; present: nil or true.
function source.refused(why, present, ...)
  assert.same({ n = 3, nil, why, present }, { n = 3, ... })
end

--- Asserts that it is a step, and returns it.
function source.step(outcome, why)
  if not steps.is(outcome) then error("no step: " .. tostring(why), 2) end
  return outcome
end

return source
