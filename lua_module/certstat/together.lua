--- Request coalescing: batches that are handed in while a call waits for its permit leave with that call, where it has
-- room for them. So the coroutines of a server that ask for one serial each, at the same time, share a few calls.
--
-- Each batch has a ticket, which holds the shared call; nothing holds the tickets. A caller that vanishes leaves the
-- others' call as it is, and with the last one it goes.
--
-- No lock: HAProxy preempts Lua between any two instructions, and may kill who would hold it. What a shared call asks
-- for is a value that never changes; who joins puts a larger one in its place, and the first attempt takes the one that
-- is there, both with one assignment. Who finds that his serials are not in it (another one joined at the same time, or
-- it left before) hands them in again.
local batch = require "certstat.batch"

local Together = {}
Together.__index = Together

local M = {}

local VERSION = "2020-06-30"

--- new(loop, sizes) → what the runs of a client share. sizes: {limit = serials per call}, see certstat.audit.
function M.new(loop, sizes)
  return setmetatable({
    loop = loop, sizes = sizes,
    open = setmetatable({}, { __mode = "v" }), -- by lane: the shared call that waits and has room
    most = sizes.limit, -- serials of a shared call: half as many after one was refused, one more after each answer
  }, Together)
end

-- What a call asks for: a batch, with the place of each key in it.
local function new_content() return { entries = {}, bytes = 0, places = {} } end

local function add(content, entry)
  batch.add(content, entry)
  content.places[entry.key] = #content.entries
end

local function wire_in(content, entry)
  local place = content.places[entry.key]
  return place and content.entries[place].wire
end

local function holds(content, entries)
  for _, entry in ipairs(entries) do
    if wire_in(content, entry) ~= entry.wire then return false end
  end
  return true
end

-- content and what of `entries` is not in it; nil where that is too much, or spelled in another way.
local function extended(content, entries, limit)
  local larger = new_content()
  for _, entry in ipairs(content.entries) do add(larger, entry) end
  for _, entry in ipairs(entries) do
    local wire = wire_in(larger, entry)
    if wire == nil then
      if not batch.fits(larger, entry, limit) then return nil end
      add(larger, entry)
    elseif wire ~= entry.wire then
      return nil
    end
  end
  return larger
end

-- Neither ended nor taken back.
function Together:is_under_way(call) return self.loop.calls[call.id] == call end

-- asked: what the call has left with; until then content is what it would ask for.
function Together:new_joint(ticket)
  local joint = { content = new_content() }
  for _, entry in ipairs(ticket.entries) do add(joint.content, entry) end
  joint.call = self.loop:submit(batch.OPERATION, VERSION, function()
    joint.asked = joint.content
    return batch.query(joint.asked), #joint.asked.entries
  end, ticket.lane, function(reply) return batch.match(joint.asked, reply) end, #ticket.entries, ticket.deadline_ns)
  return joint
end

-- Where its call would end after the ticket's own time there is no joining it.
function Together:join(joint, ticket, limit)
  if joint.asked or not self:is_under_way(joint.call) then return false end
  if joint.call.deadline_ns > ticket.deadline_ns then return false end
  local larger = extended(joint.content, ticket.entries, limit)
  if not larger then return false end
  joint.shared = true
  joint.content = larger
  return true
end

function Together:hand_in(ticket)
  ticket.deadline_ns = ticket.deadline_ns or self.loop:deadline_ns(ticket.lane)
  ticket.seen = nil
  if ticket.alone then
    ticket.joint = self:new_joint(ticket)
    return
  end
  local limit = math.min(ticket.most or self.most, self.sizes.limit)
  local lane = ticket.most and ("%s %d"):format(ticket.lane, ticket.most) or ticket.lane
  local joint = self.open[lane]
  if not joint or not self:join(joint, ticket, limit) then
    joint = self:new_joint(ticket)
    if #ticket.entries < limit then self.open[lane] = joint end
  end
  ticket.joint = joint
end

--- Hands in a batch: its entries, {key =, wire =} each, are asked for in a call of `lane`, alone or with others'.
-- Returns its ticket: once is_done, it has reply, the answers in the order of the entries, or message and info. Who
-- drops it has taken it back.
function Together:submit(entries, lane, alone)
  local ticket = { entries = entries, lane = lane, alone = alone }
  self:hand_in(ticket)
  return ticket
end

-- Once for each shared call; a service that takes no more than n serials shows it by refusing n + 1.
function Together:adapt(joint, count)
  if joint.judged or not joint.shared then return end
  joint.judged = true
  if joint.call.reply then
    self.most = math.min(self.most + 1, self.sizes.limit)
  elseif joint.call.info.may_divide then
    self.most = math.max(1, math.floor(count / 2))
  end
end

-- Whether what has become of the call says nothing of this ticket's serials: it is asked again then.
--
-- A refusal may mean the size, or a serial of another caller: those refused together are asked in calls half as large,
-- with nobody else, until each is alone with what comes of it.
function Together:asks_again(ticket, call, count)
  local info = call.info
  if info.may_divide and count > #ticket.entries then
    ticket.most, ticket.deadline_ns = math.floor(count / 2), nil
    return true
  end
  local ended_early = info.class == "deadline" and call.deadline_ns < ticket.deadline_ns
  if ended_early and self.loop.host.now_ns() < ticket.deadline_ns then
    ticket.last = call
    return true
  end
  return false
end

local function settle(ticket)
  local joint, call = ticket.joint, ticket.joint.call
  if call.reply then
    ticket.reply = {}
    for i, entry in ipairs(ticket.entries) do ticket.reply[i] = call.reply[joint.asked.places[entry.key]] end
  else
    -- time that was left, but not enough for an attempt, adds nothing to what the call before has met
    local told = call.info.class == "deadline" and call.starts == 0 and ticket.last or call
    ticket.message, ticket.info = told.message, told.info
  end
  ticket.done = true
end

-- Whether what a call asks for has come to be without this ticket's serials.
local function is_left_out(ticket, content)
  if content == ticket.seen then return false end
  ticket.seen = content
  return not holds(content, ticket.entries)
end

-- Returns whether it was.
function Together:hand_in_again(ticket, joint)
  local call, done = joint.call, joint.call.done
  local content = joint.asked or joint.content
  local count = #content.entries
  if done and not ticket.most then self:adapt(joint, count) end
  if is_left_out(ticket, content)
    or not done and not self:is_under_way(call) and not call.done -- taken back, as another one's alone
    or done and not call.reply and self:asks_again(ticket, call, count) then
    self:hand_in(ticket)
    return true
  end
  return false
end

--- Whether a ticket has what it was handed in for. Its owner asks, each time that he has waited.
function Together:is_done(ticket)
  if ticket.done then return true end
  local done
  repeat done = ticket.joint.call.done until not self:hand_in_again(ticket, ticket.joint)
  if done then settle(ticket) end
  return ticket.done
end

--- Takes a ticket back if its call is not known to have left; returns whether it was. A call that others share goes on.
function Together:withdraw(ticket)
  local joint = ticket.joint
  if joint.shared then return not self.loop:has_left(joint.call) end
  return self.loop:withdraw(joint.call)
end

return M
