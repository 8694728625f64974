--- fake_fetch.lua - a certstat.credentials.fetch for specs: what comes of a step is said by the spec.
local Fetch = {}
Fetch.__index = Fetch

local fake_fetch = {}

--- new() → fetch. fetch.begun: the steps begun, in order; fetch.refuse = why none can be begun; finish(reply, why):
-- what comes of the one under way; fetch.stopped, fetch.closed: how often.
function fake_fetch.new() return setmetatable({ begun = {}, stopped = 0, closed = 0 }, Fetch) end

function Fetch:begin(step)
  if self.refuse then return nil, self.refuse end
  self.begun[#self.begun + 1], self.done = step, false
  return true
end

function Fetch:finish(reply, why) self.done, self.reply, self.why = true, reply, why end

function Fetch:poll()
  if not self.done then return false end
  return true, self.reply, self.why
end

function Fetch.pause(_, host, ns) return host.pause(nil, ns) end

function Fetch:stop() self.stopped = self.stopped + 1 end

function Fetch:close() self.closed = self.closed + 1 end

return fake_fetch
