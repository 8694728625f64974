--- What the steps of certstat.credentials.steps ask for is done here: one HTTP request or one program at a time, never
-- waiting.
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local net = require "certstat.net"

local Fetch = { __name = "certstat.credentials.fetch" }
Fetch.__index = Fetch

local M = {}

local MOST = 65536 -- bytes of a reply's body, or of what a program writes; credentials take some hundred
local LINE = 200   -- of what it says where it fails
local UNKNOWN = -1 -- a status that somebody else has taken: nginx does, of all children; what was written tells

--- new{ca_file =, allow_http =} → a fetch: certstat.net's options. Nothing is opened before it is used.
function M.new(options)
  return setmetatable({ options = options, id = 0 }, Fetch)
end

--- begin(step) → true; or nil, why. What was under way is given up.
function Fetch:begin(step)
  self:stop()
  local message
  if not self.net then
    self.net, message = net.new {
      ca_file = self.options.ca_file, allow_http = self.options.allow_http, body_limit = MOST,
    }
    if not self.net then return nil, message end
  end
  if step.command then
    local process
    process, message = ipc.spawn { argv = step.command.argv, env = step.command.env, output = true,
      errors = true }
    if not process then return nil, "can't be started: " .. message end
    self.process, self.written, self.said, self.said_n = process, "", "", 0
    self.until_ns = ipc.now_ns() + step.command.limit_ns
    return true
  end
  self.id = self.id + 1
  local request = { id = self.id, not_after_ns = 0 }
  for name, value in pairs(step.request) do request[name] = value end
  local started
  started, message = self.net:start(request)
  if not started then return nil, message end
  self.waiting = true
  return true
end

-- How a program failed, with the last line of what it said, if it did.
local function failed(self, how)
  local line = self.said:match("([^\r\n]*%S[^\r\n]*)%s*$")
  return line and how .. ": " .. core.printable(line, LINE) or how
end

-- What came of a program: done, reply, or done, nil, why.
local function look_at_program(self)
  while true do
    local kind, value = self.process:wait(0)
    if kind == "output" then
      self.written = self.written .. value
      if #self.written > MOST then return true, nil, "wrote more than 64 KiB" end
    elseif kind == "errors" then
      self.said, self.said_n = (self.said .. value):sub(-2 * LINE), self.said_n + #value
      if self.said_n > MOST then return true, nil, failed(self, "wrote more than 64 KiB to its standard error") end
    elseif kind == "exited" and (value == 0 or value == UNKNOWN and self.written ~= "") then
      return true, { body = self.written }
    elseif kind == "exited" and value == UNKNOWN then
      return true, nil, failed(self, "wrote nothing")
    elseif kind == "exited" or kind == "killed" then
      local how = kind == "exited" and "ended with status %d" or "was ended by signal %d"
      return true, nil, failed(self, how:format(value))
    elseif ipc.now_ns() > self.until_ns then
      return true, nil, failed(self, "took too long")
    else
      return false
    end
  end
end

local function look_at_request(self)
  local stepped, message = self.net:step(0)
  if not stepped then return true, nil, message end
  for event in function() return self.net:collect() end do
    if event.id == self.id and event.kind == "reply" then
      return true, { status = event.http_status, headers = event.headers, body = event.body }
    elseif event.id == self.id and event.kind == "failed" then
      return true, nil, event.message
    end
  end
  return false
end

--- poll() → false while it is under way; then true, and reply or nil, why. Never waits.
function Fetch:poll()
  local done, reply, why
  if self.process then
    done, reply, why = look_at_program(self)
  else
    done, reply, why = look_at_request(self)
  end
  if done then self:stop() end
  return done, reply, why
end

--- Lets the host go on for at most so many nanoseconds, while something is under way.
function Fetch:pause(host, ns) host.pause(self.net, ns) end

--- Gives up what is under way: a request is dropped, a program and all it has started are killed.
function Fetch:stop()
  if self.process then self.process:close() end
  if self.waiting then self.net:drop(self.id) end
  self.process, self.written, self.said, self.waiting = nil, nil, nil, nil
end

function Fetch:close()
  self:stop()
  if self.net then self.net:close() end
  self.net = nil
end

return M
