--- One run over a source of serials: batches go out, one row per serial comes back, in the order asked.
--
-- At most WINDOW batches are unresolved at a time; reading the source pauses meanwhile, so that memory does not grow
-- with it. A serial that comes again is not asked again while its answer is remembered (the last REMEMBERED ones).
local batch = require "certstat.batch"
local core = require "certstat.core"

local Run = {}
Run.__index = Run

local M = {}

local WINDOW = 16           -- batches
local REMEMBERED = 65536    -- answered serials
local WAITING_ROWS = 65536  -- rows that wait for the one before them
local DIVIDING_SHARE = 0.10 -- of a run's calls may go to dividing refused batches,
local DIVIDING_FLOOR = 64   -- but a short run may use so many
local SINGLES_REFUSED = 5   -- in a row, with one code: the run stops

local VERSION = "2020-06-30"

--- new(loop, source, {lane =, sizes =}) → run. source: an iterator of items (strings, or {serial =, wire =, binary =}).
-- sizes: {limit = serials per call}, what the client has learnt about the largest batch, shared by its runs.
function M.new(loop, source, options)
  return setmetatable({
    loop = loop, source = source, lane = options.lane, sizes = options.sizes,
    rows = {}, first = 1, last = 0, -- the queue of rows not given out yet
    known = {}, remembered = {}, remembered_first = 1, remembered_last = 0,
    pieces = {}, open = nil, unresolved = 0, calls = 0, dividing = 0, singles = 0,
  }, Run)
end

-- ---- reading the source -------------------------------------------------------------------------------------------

local function read_item(item)
  if type(item) == "string" then item = { serial = item } end
  if type(item) ~= "table" or type(item.serial) ~= "string" then
    error("audit: expected serial numbers as strings or tables with a field 'serial', found " .. type(item), 0)
  end
  return item, core.serial(item.serial, item.binary and "binary" or "text")
end

function Run:remember(entry)
  self.remembered_last = self.remembered_last + 1
  self.remembered[self.remembered_last] = entry.key
  if self.remembered_last - self.remembered_first >= REMEMBERED then
    self.known[self.remembered[self.remembered_first]] = nil
    self.remembered[self.remembered_first] = nil
    self.remembered_first = self.remembered_first + 1
  end
end

function Run:take(item)
  local key, message
  item, key, message = read_item(item)
  local given = item.binary and core.printable(item.serial) or item.serial
  local row = { serial = given, key = key, item = item }
  self.last = self.last + 1
  self.rows[self.last] = row
  if not key then
    row.entry = {
      answer = { status = "invalid", class = "argument", code = "InvalidSerialNumber", message = message },
    }
    return
  end
  row.entry = self.known[key]
  if not row.entry then
    row.entry = { key = key, wire = batch.wire(item, key) }
    self.known[key] = row.entry
    if self.stopped then
      row.entry.answer = self.stopped
      self:remember(row.entry)
    else
      self:pack(row.entry)
    end
  end
end

function Run:pack(entry)
  if self.open and not batch.fits(self.open, entry, self.sizes.limit) then self:submit_open() end
  self.open = self.open or batch.new()
  batch.add(self.open, entry)
  if #self.open.entries >= self.sizes.limit then self:submit_open() end
end

-- Reads on while there is room. The source may itself make calls and wait for them.
function Run:fill()
  while not self.ended and self.unresolved < WINDOW and self.last - self.first < WAITING_ROWS do
    local item, message, info = self.source()
    if item == nil then
      self.ended, self.source_message, self.source_info = true, message, info
      if self.open then self:submit_open() end
    else
      self:take(item)
    end
  end
end

-- ---- calls --------------------------------------------------------------------------------------------------------

function Run:submit_open()
  local one = self.open
  self.open = nil
  self.unresolved = self.unresolved + 1
  self:submit({ left = 1 }, one)
end

-- whole: what one batch of the source has become: {left = pieces not settled}.
function Run:submit(whole, piece)
  self.calls = self.calls + 1
  piece.whole = whole
  piece.call = self.loop:submit(batch.OPERATION, VERSION, batch.query(piece), self.lane,
    function(reply) return batch.match(piece, reply) end, #piece.entries)
  self.pieces[piece] = true
end

function Run:answer(piece, answer)
  for _, entry in ipairs(piece.entries) do
    entry.answer = entry.answer or answer
    self:remember(entry)
  end
  piece.whole.left = piece.whole.left - 1
  if piece.whole.left == 0 then self.unresolved = self.unresolved - 1 end
end

local function error_answer(call)
  local info = call.info or {}
  return { status = "error", class = info.class or "protocol", code = info.code, message = call.message }
end

-- A refused call: the rows are errors, and where nothing else can come of the rest, the run stops asking.
function Run:refused(piece, call)
  local info = call.info or {}
  if info.class == "denied" or info.class == "closed" then self:stop(error_answer(call)) end
  if #piece.entries == 1 and info.may_divide then
    self.singles = info.code == self.singles_code and self.singles + 1 or 1
    self.singles_code = info.code
    if self.singles >= SINGLES_REFUSED then
      local answer = error_answer(call)
      answer.message = ("stopped after %d single serials in a row were refused: %s"):format(self.singles,
        answer.message)
      self:stop(answer)
    end
  end
  self:answer(piece, error_answer(call))
end

-- Nothing more is asked: what is unresolved and whatever comes gets this answer.
function Run:stop(answer)
  if self.stopped then return end
  self.stopped = answer
  if self.open then
    local one = self.open
    self.open = nil
    for _, entry in ipairs(one.entries) do
      entry.answer = answer
      self:remember(entry)
    end
  end
  for piece in pairs(self.pieces) do
    if not piece.call.done and not piece.call.sent then
      self.loop:cancel(piece.call)
      self.pieces[piece] = nil
      self:answer(piece, answer)
    end
  end
end

function Run:may_divide(piece, info)
  return info.may_divide and not self.stopped and #piece.entries > 1
    and self.dividing + 2 <= math.max(DIVIDING_FLOOR, DIVIDING_SHARE * self.calls)
end

function Run:divide(piece, info)
  local half = math.ceil(#piece.entries / 2)
  if info.too_large then self.sizes.limit = math.min(self.sizes.limit, half) end
  local pieces = batch.divide(piece, math.min(half, self.sizes.limit))
  -- two halves that are answered whole show that it was the size
  local family = { size = half, left = #pieces, refused = false }
  piece.whole.left = piece.whole.left - 1 + #pieces
  self.dividing = self.dividing + #pieces
  for _, part in ipairs(pieces) do
    part.family = family
    self:submit(piece.whole, part)
  end
end

function Run:learn(piece, answered)
  local family = piece.family
  if family then
    family.left = family.left - 1
    family.refused = family.refused or not answered
    if family.left == 0 and not family.refused then
      self.sizes.limit = math.min(self.sizes.limit, family.size)
    end
  end
end

function Run:settle(piece)
  local call = piece.call
  self.pieces[piece] = nil
  self:learn(piece, call.reply ~= nil)
  if call.reply then
    self.singles = 0
    self:answer(piece)
  elseif self:may_divide(piece, call.info or {}) then
    self:divide(piece, call.info)
  else
    self:refused(piece, call)
  end
end

-- Settles what has been answered.
function Run:collect()
  local done = {}
  for piece in pairs(self.pieces) do
    if piece.call.done then done[#done + 1] = piece end
  end
  table.sort(done, function(a, b) return a.call.id < b.call.id end)
  for _, piece in ipairs(done) do
    if self.pieces[piece] then self:settle(piece) end
  end
  return #done > 0
end

-- ---- rows ---------------------------------------------------------------------------------------------------------

local function make_row(row)
  local answer = row.entry.answer
  return {
    serial = row.serial, key = row.key, status = answer.status, revoked_at = answer.revoked_at, class = answer.class,
    code = answer.code, message = answer.message, word = answer.word, item = row.item,
  }
end

--- The next row; nil at the end, with message and info where the source failed. Waits, as the host does, until there
-- is one.
function Run:next()
  while true do
    self:collect()
    self:fill()
    local row = self.rows[self.first]
    if not row then return nil, self.source_message, self.source_info end
    if row.entry.answer then
      self.rows[self.first] = nil
      self.first = self.first + 1
      return make_row(row)
    end
    self.loop:wait(function() return row.entry.answer ~= nil or self:collect() end)
  end
end

--- Drops what is on its way; for a caller who reads no further.
function Run:close()
  for piece in pairs(self.pieces) do self.loop:cancel(piece.call) end
  self.pieces, self.ended = {}, true
end

return M
