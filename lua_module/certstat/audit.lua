--- One run over a source of serials: batches go out, one row per serial comes back, in the order asked.
--
-- At most WINDOW batches are unresolved at a time; reading the source pauses meanwhile, so that memory does not grow
-- with it. A serial that comes again is not asked again while its answer is remembered (the last M.REMEMBERED ones).
--
-- The largest batch is not documented, and never guessed too high twice: until one of the size in use has been
-- answered, one batch is asked at a time. A batch that is refused is halved, and one half asked after the other, until
-- it is known whether it was its size or one serial in it.
local batch = require "certstat.batch"
local core = require "certstat.core"

local Run = {}
Run.__index = Run

local M = {}

M.REMEMBERED = 65536        -- answered serials
local WINDOW = 16           -- batches
local WAITING_ROWS = 65536  -- rows that wait for the one before them
local HALVING_SHARE = 0.10  -- of a run's calls may go to halving refused batches,
local HALVING_FLOOR = 64    -- but a short run may use so many
local SINGLES_REFUSED = 5   -- in a row, with one code: the run stops
local UNANSWERED = 10       -- calls in a row, each tried as often as it may be: likewise, as retries come in a trickle
local NO_ANSWER = { network = true, protocol = true, server = true, deadline = true } -- the classes of such calls

--- new(together, source, {lane =, on_answers =, recall =, now =}) → run. together: of certstat.together; what is learnt
-- about the largest batch is kept in its sizes, for other runs to share. source: an iterator of items (strings,
-- {serial =, wire =, binary =}, or {row = row}: what is a row already). on_answers(entries): told of each reply's
-- {key =, answer =}, before their rows are given out. recall(key) → the answer, where one is kept outside: what is
-- remembered here is bounded. now(): gives seconds since 1970; where it is given rows have checked_at.
function M.new(together, source, options)
  return setmetatable({
    together = together, loop = together.loop, source = source, lane = options.lane, sizes = together.sizes,
    on_answers = options.on_answers, recall = options.recall, now = options.now,
    rows = {}, first = 1, last = 0, -- the queue of rows not given out yet
    known = {}, -- by key: the entry, and once it is answered, the answer alone (where rows have no checked_at)
    remembered = {}, answered = 0, -- a ring of the keys answered, and how many ever were
    open = nil, asked = {}, -- the batch that is filled, and those on their way
    unresolved = 0, calls = 0, halvings = 0, singles = 0, unanswered = 0, untold = {}, token = { true },
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
  local place = self.answered % M.REMEMBERED + 1
  local oldest = self.remembered[place]
  if oldest then self.known[oldest] = nil end
  self.remembered[place] = entry.key
  self.known[entry.key] = self.now and entry or entry.answer
  self.answered = self.answered + 1
end

function Run:append(row)
  self.last = self.last + 1
  self.rows[self.last] = row
end

function Run:take(item)
  if type(item) == "table" and type(item.row) == "table" then
    item.row.entry = { answer = {} }
    return self:append(item.row)
  end
  local key, message
  item, key, message = read_item(item)
  local row = { serial = item.binary and core.printable(item.serial) or item.serial, key = key, item = item }
  self:append(row)
  if not key then
    if item.source then message = item.source .. ": " .. message end
    row.entry = {
      answer = { status = "invalid", class = "argument", code = "InvalidSerialNumber", message = message },
    }
    return
  end
  local known = self.known[key] or self.recall and self.recall(key)
  if known then
    row.entry = known.status and { answer = known } or known
  else
    row.entry = { key = key, wire = batch.wire(item, key) }
    self.known[key] = row.entry
    if self.stopped then
      self:give({ row.entry }, nil, self.stopped)
    else
      self:pack(row.entry)
    end
  end
end

function Run:pack(entry)
  if self.open and not batch.fits(self.open, entry, self.sizes.limit) then
    self.open.full = true
    self:ask_open()
  end
  self.open = self.open or batch.new()
  batch.add(self.open, entry)
  if #self.open.entries >= self.sizes.limit then self:ask_open() end
end

-- The row that is given out next, if it has its answer.
function Run:head()
  local row = self.rows[self.first]
  return row and row.entry.answer and row
end

-- Reads on while there is room and no row to give out. The source may itself make calls and wait for them.
function Run:fill()
  local full = self.first + WAITING_ROWS
  while not self.ended and not self:head() and self.last < full
    and self.unresolved < (self.sizes.works and WINDOW or 1) do
    local item, message, info = self.source()
    if item == nil then
      self.ended, self.source_message, self.source_info = true, message, info
    else
      self:take(item)
    end
  end
  -- a batch that nothing may be added to is asked as it is
  if self.open and (self.ended or self.last >= full and self.unresolved == 0) then self:ask_open() end
end

-- ---- calls --------------------------------------------------------------------------------------------------------

-- whole: what a batch of the source has become: {left = pieces not resolved, held = those of them not asked yet}.
function Run:ask_open()
  local one = self.open
  self.open = nil
  self.unresolved = self.unresolved + 1
  one.whole = { left = 1, held = {} }
  self:ask(one)
end

-- The halves of a batch are asked alone: what comes of them tells of the size.
function Run:submit(piece)
  self.calls = self.calls + 1
  piece.call = self.together:submit(piece.entries, self.lane, piece.family ~= nil)
  self.asked[#self.asked + 1] = piece
end

-- Asks a batch, in pieces where it is larger than what is known to work by now.
function Run:ask(piece)
  if #piece.entries <= self.sizes.limit then return self:submit(piece) end
  local parts = batch.divide(piece, self.sizes.limit)
  piece.whole.left = piece.whole.left - 1 + #parts
  for _, part in ipairs(parts) do
    part.whole = piece.whole
    self:submit(part)
  end
end

function Run:give(entries, answers, one_for_all)
  local now = self.now and self.now()
  for i, entry in ipairs(entries) do
    entry.answer, entry.checked_at = one_for_all or answers[i], now
    self:remember(entry)
  end
  if self.on_answers then table.insert(self.untold, entries) end
end

-- Outside all that settles, as on_answers may raise, or use the client.
function Run:tell()
  while self.untold[1] do self.on_answers(table.remove(self.untold, 1)) end
end

-- A piece has its answers, or one error for all; the next one of its batch is asked.
function Run:resolve(piece, answers, one_for_all)
  local whole = piece.whole
  self:give(piece.entries, answers, one_for_all)
  whole.left = whole.left - 1
  local held = table.remove(whole.held)
  if held and self.stopped then
    self:resolve(held, nil, self.stopped)
  elseif held then
    self:ask(held)
  elseif whole.left == 0 then
    self.unresolved = self.unresolved - 1
  end
end

local function error_answer(call, message)
  local info = call.info
  return { status = "error", class = info.class, code = info.code, message = message or call.message, info = info }
end

-- Nothing more is asked: what is unresolved and whatever comes gets this answer.
function Run:stop(answer)
  if self.stopped then return end
  local asked, open = self.asked, self.open
  self.stopped, self.asked, self.open = answer, {}, nil
  if open then self:give(open.entries, nil, answer) end
  for _, piece in ipairs(asked) do
    if self.together:withdraw(piece.call) then
      self:resolve(piece, nil, answer)
    else
      self.asked[#self.asked + 1] = piece
    end
  end
end

-- A refused call: the rows are errors, and where nothing else can come of the rest, the run stops asking. A serial that
-- is not found says nothing of others.
function Run:refused(piece, call)
  local info, answer = call.info, error_answer(call)
  if info.any then
    self:stop(answer)
  elseif #piece.entries == 1 and info.may_divide and info.http_status ~= 404 then
    self.singles = info.code == self.singles_code and self.singles + 1 or 1
    self.singles_code = info.code
    if self.singles >= SINGLES_REFUSED then
      self:stop(error_answer(call, ("stopped after %d single serials in a row were refused: %s"):format(self.singles,
        call.message)))
    end
  elseif self.unanswered >= UNANSWERED then
    self:stop(error_answer(call, ("stopped after %d calls in a row without an answer: %s"):format(self.unanswered,
      call.message)))
  end
  self:resolve(piece, nil, answer)
end

-- A piece that is larger than what has been learnt since it was asked is no loss: its parts have to be asked anyway.
function Run:may_halve(piece, info)
  if not info.may_divide or self.stopped or #piece.entries == 1 then return false end
  return #piece.entries > self.sizes.limit
    or self.halvings + 2 <= math.max(HALVING_FLOOR, HALVING_SHARE * self.calls)
end

function Run:halve(piece)
  if #piece.entries > self.sizes.limit then return self:ask(piece) end
  local half = math.ceil(#piece.entries / 2)
  self.halvings = self.halvings + 2
  local halves = batch.divide(piece, half)
  local family = { size = half, answered = 0 }
  for _, one in ipairs(halves) do one.whole, one.family = piece.whole, family end
  piece.whole.left = piece.whole.left + 1
  table.insert(piece.whole.held, halves[2])
  self:ask(halves[1])
end

-- Two halves that are answered where the whole was refused show that it was the size.
function Run:learn(piece)
  local sizes, family = self.sizes, piece.family
  if family then
    family.answered = family.answered + 1
    if family.answered == 2 then sizes.limit, sizes.works = math.min(sizes.limit, family.size), true end
  end
  sizes.works = sizes.works or piece.full or #piece.entries >= sizes.limit
end

function Run:settle(piece)
  local call = piece.call
  self.unanswered = not call.reply and NO_ANSWER[call.info.class] and self.unanswered + 1 or 0
  if call.reply then
    self.singles = 0
    self:learn(piece)
    self:resolve(piece, call.reply)
  elseif self:may_halve(piece, call.info) then
    self:halve(piece)
  else
    self:refused(piece, call)
  end
end

-- Whether anything has been answered that is not settled.
function Run:has_answers()
  for _, piece in ipairs(self.asked) do
    if self.together:is_done(piece.call) then return true end
  end
  return false
end

-- Settles what has been answered, in the order asked.
function Run:collect()
  local waiting, done = {}, {}
  for _, piece in ipairs(self.asked) do table.insert(self.together:is_done(piece.call) and done or waiting, piece) end
  self.asked = waiting
  for _, piece in ipairs(done) do self:settle(piece) end
end

-- ---- rows ---------------------------------------------------------------------------------------------------------

-- The row that waited becomes the one that is given out.
local function finish_row(row)
  local answer = row.entry.answer
  row.entry, row.checked_at = nil, row.entry.checked_at
  for name, value in pairs(answer) do row[name] = value end
  return row
end

-- One coroutine at a time. Where the source has raised an error, the run is still entered, by who called it.
function Run:enter()
  local me = coroutine.running() or "main"
  if not table.remove(self.token) and self.reader ~= me then
    error("audit: another coroutine is reading this iterator", 3)
  end
  self.reader = me
end

function Run:leave()
  self.reader = nil
  self.token[1] = true
end

--- The next row; nil at the end, with message and info where the source failed. Waits, as the host does, until there
-- is one.
function Run:next()
  self:enter()
  while not self:head() do
    self:collect()
    self:tell() -- also while the first row has no answer yet: what is not told may be lost
    self:fill()
    if self.ended and self.first > self.last then
      self:leave()
      return nil, self.source_message, self.source_info
    elseif not self:head() then
      self.loop:wait(function() return self:has_answers() end)
    end
  end
  self:tell()
  local row = self.rows[self.first]
  self.rows[self.first] = nil
  self.first = self.first + 1
  self:leave()
  return finish_row(row)
end

return M
