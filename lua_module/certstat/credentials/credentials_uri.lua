--- A URI that gives out credentials: a server beside the program.
local endpoints = require "certstat.endpoints"
local reply_of = require "certstat.credentials.reply"
local steps = require "certstat.credentials.steps"

local M = { name = "credentials URI" }

local VARIABLE = "ALIBABA_CLOUD_CREDENTIALS_URI"
local CONNECT_NS, TOTAL_NS = 5e9, 10e9

-- Go and Node pass a Code over, Python and the command demand one: here it may be missing, and must be Success.
local function keys_in(object)
  if object.Code == nil then return object end
  return reply_of.success(object)
end

local function read(source, reply, problem)
  if not reply then return nil, problem, true end
  if reply.status ~= 200 then return nil, "it answered " .. reply_of.refusal(reply), true end
  local keys, why = reply_of.given(reply, source.wall_s(), keys_in)
  return keys, why, true
end

--- ask(source, uri) → an outcome. No message repeats the URI, which may hold a password of its own.
function M.ask(source, uri)
  local origin, path = uri:match("^(%a[%w+.-]*://[^/?#]*)([^#]*)$")
  if not origin then return nil, "expected a URL, such as http://127.0.0.1:PORT/PATH", true end
  -- by RFC 6761 6.3 that name is loopback
  origin = origin:gsub("^(%a+://)localhost$", "%1127.0.0.1"):gsub("^(%a+://)localhost:", "%1127.0.0.1:")
  local endpoint, why = endpoints.resolve { endpoint = origin, allow_http = source.allow_http }
  if not endpoint then return nil, why, true end
  if path:find("[^\33-\126]") then return nil, "expected a path of visible ASCII characters", true end
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  return {
    request = {
      method = "GET", url = endpoint.url .. path, headers = { { "accept", "application/json" } },
      connect_ns = CONNECT_NS, total_ns = TOTAL_NS,
    },
    continue = function(reply, problem) return read(source, reply, problem) end,
  }
end

--- find(source): see certstat.credentials.
function M.find(source)
  local uri = source.getenv(VARIABLE)
  if not uri then return nil, VARIABLE .. " is not set" end
  return steps.after(function(found, why, present)
    if found then found.provider = M.name end
    return found, why, present
  end, nil, M.ask(source, uri))
end

return M
