--- The database of an `openssl ca` folder, index.txt, as it is now: read as a whole once, and again, what has changed
-- of it, whenever it is another. Its lines lie outside of Lua's memory, since tables of a million stall those who use
-- them. certstat.sources.index says what a line means: when it is asked for, and before that where it is new and more
-- than one of a certificate that nobody has revoked.
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local parse = require("certstat.sources.index").parse

local M = {}
local Index = {}
Index.__index = Index
Index.__name = "certstat.emulator.index"

local PIECE = 8192 -- bytes: a hundred microseconds at most, where all lines are new and plain
local MOST = 65536 -- bytes of a line, as in core.lines
local READINGS = 10 -- of a file that changes while it is read

--- open(path) → an index that knows nothing until its first refresh; or nil, message.
function M.open(path)
  local lines, message = core.lines()
  if not lines then return nil, message end
  return setmetatable({ path = path, lines = lines, readings = 0, revocations = {}, revoked_meanwhile = {} }, Index)
end

local function same(a, b)
  return a and b and a.inode == b.inode and a.size == b.size and a.modified_ns == b.modified_ns
end

-- Takes the whole lines of a text. → where the rest begins; or nil, message.
local function take_lines(self, text, pause)
  local lines, from = self.lines, 1
  local take = next(self.revocations) and lines.same or lines.take_index -- which knows of no revocations but the file's
  while true do
    local message, entry, ok
    from, message = take(lines, text, from)
    if not from then return nil, message end
    local last = text:find("\n", from, true)
    if not last then return from end
    local line = text:sub(from, last - 1)
    entry, message = parse(line)
    if not entry then return nil, message end
    ok, message = lines:add(line, entry.key, entry.status == "R" or self.revocations[entry.key] ~= nil)
    if not ok then return nil, message end
    from = last + 1
    pause()
  end
end

local function read_pieces(self, file, pause)
  local rest = ""
  while true do
    local piece, message = file:read(PIECE)
    if not piece then
      if message or rest == "" then return not message, message end
      return nil, "the line has no end" -- its writer was killed, or still writes
    end
    rest = rest .. piece
    local from
    from, message = take_lines(self, rest, pause)
    if not from then return nil, message end
    rest = rest:sub(from)
    if #rest > MOST then return nil, "the line is longer than 65536 bytes" end
    pause()
  end
end

local function tidy(self, pause)
  while self.lines:tidy() do pause() end
end

-- Reads the file beside what is known of it: true; or nil, message.
local function read_file(self, pause)
  local file, message = io.open(self.path, "rb")
  if not file then return nil, message end
  self.lines:begin()
  tidy(self, pause)
  self.readings = self.readings + 1
  self.revoked_meanwhile = {}
  local ok
  ok, message = read_pieces(self, file, pause)
  file:close()
  if not ok then return nil, ("%s:%d: %s"):format(self.path, self.lines:read() + 1, message) end
  return true
end

local function finish(self, facts, pause)
  local ok, message = self.lines:finish()
  if not ok then return nil, self.path .. ": " .. message end
  for _, key in ipairs(self.revoked_meanwhile) do
    local entry = self:find(key)
    if entry then self.lines:mark(entry.position) end
  end
  self.facts = facts
  tidy(self, pause)
  return true
end

-- Reads until the file has stayed the same from before the reading to after it; or was replaced in that time, as
-- `openssl ca` does: then what was read is the file that it was.
local function read_whole(self, facts, pause)
  for _ = 1, READINGS do
    local ok, message = read_file(self, pause)
    local after = ipc.facts(self.path)
    local is_same = same(facts, after)
    if ok and (is_same or not after or after.inode ~= facts.inode) then return finish(self, facts, pause) end
    if is_same then
      self.damaged = facts
      return nil, message
    end
    facts = after or facts
  end
  return nil, self.path .. ": changes faster than it can be read"
end

-- The outcome of a reading that failed: what is known stays, if anything is.
local function failed(self, message)
  if self.facts then return true, message end
  return nil, message
end

--- refresh(pause, wait): makes sure that what it answers is what the file says, or has said since the call. `pause`
-- is called where others may run, `wait` while another caller reads. True, and a message where the file can't be read
-- as it is now, once for each state of it: what was known stays; or nil, message where nothing was.
function Index:refresh(pause, wait)
  local readings = self.readings
  while self.is_reading do wait() end
  if self.readings > readings then return failed(self) end
  local facts, message = ipc.facts(self.path)
  -- `openssl ca` renames the old file away before it renames the new one here
  if not facts then return failed(self, not self.facts and message or nil) end
  if same(facts, self.facts) or same(facts, self.damaged) then return true end
  self.is_reading = true
  local ok, done
  ok, done, message = pcall(read_whole, self, facts, pause)
  self.is_reading = false
  if not ok then error(done, 0) end
  if done then return true end
  return failed(self, message)
end

--- revoke(key, seconds): from now on the certificate of this key counts as revoked then, whatever the file says of it.
-- Returns whether there is one.
function Index:revoke(key, seconds)
  local entry = self:find(key)
  if not entry then return false end
  self.revocations[key] = seconds
  self.lines:mark(entry.position)
  table.insert(self.revoked_meanwhile, key)
  return true
end

--- The entry of a canonical key, the last where it has several; or nil.
function Index:find(key)
  local position = self.lines:find(key)
  while position do
    local entry = self:at(position)
    if entry.key == key then return entry end
    position = self.lines:find(key, position)
  end
  return nil
end

--- The entry at a position from 1 on, in the file's order, or nil: what certstat.sources.index says of its line, and
-- `position`.
function Index:at(position)
  local line = self.lines:at(position)
  if not line then return nil end
  local entry = parse(line)
  entry.position = position
  local revoked = self.revocations[entry.key]
  if revoked and entry.status ~= "R" then entry.status, entry.revoked = "R", revoked end
  return entry
end

function Index:count() return self.lines:count() end

--- How many are revoked, up to a position or (nil) in all.
function Index:revoked_count(last) return self.lines:marked(last) end

--- The n-th that is revoked, in the file's order, or nil.
function Index:revoked_at(nth)
  local position = self.lines:nth_marked(nth)
  return position and self:at(position)
end

return M
