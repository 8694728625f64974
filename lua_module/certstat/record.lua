--- A run's record in the ledger: what was asked, in which order, and what was answered, reply by reply.
local asked = require "certstat.asked"
local core = require "certstat.core"
local home = require "certstat.home"
local ipc = require "certstat.ipc"
local resumption = require "certstat.resumption"

local Record = { __name = "certstat.record" }
Record.__index = Record

local M = {}

local AT_ONCE = 500 -- serials or errors that wait for the next reply

local function library()
  local found, ledger = pcall(require, "certstat.ledger")
  if found then return ledger end
  local message = tostring(ledger)
  if message:find("interrupted!", 1, true) then error(message, 0) end -- what stops the program, not the module
  if message:find("module 'certstat.ledger' not found", 1, true) then
    message = "the ledger is not installed; the rock certstat-ledger brings it"
  end
  return nil, message:match("^[^\n]*"), { class = "argument", code = "LedgerMissing" }
end

--- open{home=, getenv=, create=} → the ledger of a home (see certstat.home); or nil, message, info, named: whether
-- somebody named that home. create: makes what is missing.
function M.open(options)
  local ledger, message, info = library()
  local folder, named = home.find(options.home, options.getenv)
  if not ledger then return nil, message, info, named end
  if not folder then
    return nil, "ledger: neither CERTSTAT_HOME nor HOME is set", { class = "argument", code = "NoHome" }, false
  end
  local opened
  opened, message, info = ledger.open { home = folder, create = options.create }
  if opened then return opened end
  return nil, "ledger: " .. message, info, named
end

local function wall_seconds() return math.floor(ipc.wall_ns() / 1e9) end

local function new(fields)
  local record = setmetatable(fields, Record)
  record.position, record.waiting, record.answered = 0, {}, {}
  --- For client:audit: the entries {key =, answer =} that have got their answers.
  record.on_answers = function(entries) record:answers(entries) end
  --- For client:audit: what this run has been answered about a key, nil where that was nothing or an error.
  record.recall = function(key) return record:answer_of(key) end
  return record
end

--- A record that keeps nothing.
function M.none() return new {} end

-- The run that is recorded: {run = its number, items = how many it asks for where that is known, new = true where it
-- begins now, line = what a person is told, nil where nothing}; or nil, message, info.
local function begin_run(ledger, start, options)
  local why
  if options.resume then
    local run, message, info = resumption.find(ledger, {
      account = start.account, command = start.command, settings = start.settings,
      run = options.resume ~= true and options.resume or nil, force = options.force,
    })
    if run == nil then return nil, message, info end
    if run and (run.items or not options.copied) then
      local resumed
      resumed, message, info = ledger:resume_run(run.run)
      run.line = ("run %d goes on"):format(run.run)
      return resumed and run, message, info
    end
    why = run and ("run %d was cut short before the list was whole"):format(run.run) or "no run to go on with"
  end
  local number, message, info = ledger:begin_run(start)
  if not number then return nil, message, info end
  return { run = number, new = true, line = why and ("%s: run %d begins"):format(why, number) }
end

--- begin{command=, settings=, home=, account=, getenv=, required=, now=, resume=, force=, copied=} → the record of a
-- run that begins now, and a line for people or nil; or nil, message, info. settings: what the run depends on, as text;
-- runs with equal ones can be compared. now: a function that gives seconds since 1970 (the system's).
-- Where nobody named the home, nor said that the record is required, and it can't be kept: one that keeps nothing, and
-- a line that says so.
-- resume: a number, or true for the last run of this command and these settings: that one goes on, unless it was whole;
-- force: also with other settings. copied: see Record:reading.
function M.begin(options)
  local account, message, info = home.account(options.account, options.getenv)
  if not account then return nil, message, info end
  local now = options.now or wall_seconds
  local ledger, named, run
  ledger, message, info, named = M.open { home = options.home, getenv = options.getenv, create = true }
  if ledger then
    run, message, info = begin_run(ledger, {
      account = account, command = options.command, settings = core.printable(options.settings),
      started = now(),
    }, options)
    if run then
      return new { ledger = ledger, account = account, run = run.run, items = run.items, resumed = not run.new,
        copied = options.copied, now = now }, run.line
    end
    ledger:close()
    message = "ledger: " .. message
  end
  local missing = info.code == "LedgerMissing"
  if options.required or options.resume or named and not missing then return nil, message, info end
  return M.none(), message .. "; this run is not recorded"
end

-- The first failure is kept for finish, and nothing is written after it.
function Record:write()
  local asked_rows, answered = self.waiting, self.answered
  self.waiting, self.answered = {}, {}
  if self.failure or #asked_rows + #answered == 0 and not self.ended then return end
  local written, message, info = self.ledger:record {
    account = self.account, run = self.run, checked_at = self.now(), asked = asked_rows, answers = answered,
    items = self.ended and self.items or nil,
  }
  self.ended = false
  if not written then self.failure = { message, info } end
end

--- An item (of certstat.command.input, or a certificate of client:certificates) has been read: it is written with the
-- next reply.
function Record:asked(item)
  if not self.ledger then return end
  self.position = self.position + 1
  self.waiting[#self.waiting + 1] = asked.row(item, self.position, self.copied)
  if #self.waiting >= AT_ONCE then self:write() end
end

-- `item`, nil at the source's end, comes where a run that goes on has read something before: `before` is an iterator of
-- that. Returns true where it is the same; false behind all that; or nil, message, info.
function Record:compare(item, before)
  local expected, message, info = before()
  if not expected then return not message and false or nil, message, info end
  self.position = self.position + 1
  local found = item and asked.row(item, self.position)
  if found and found.key == expected.key and found.given == expected.given then return true end
  return nil, ("%s: expected '%s', as run %d has read it, found %s"):format(
    found and found.source or expected.source or "the input", expected.given, self.run,
    found and "'" .. found.given .. "'" or "the end of the input"), { class = "argument", code = "InputChanged" }
end

-- Records all items, unless they have been before: true; or nil, message, info.
function Record:copy(items, on_copied)
  if self.items then return true end
  while true do
    local item, message, info = items()
    if message then return nil, message, info end
    if not item then break end
    self:asked(item)
    if self.position % AT_ONCE == 0 then on_copied() end
  end
  self.items, self.ended = self.position, true
  self:write()
  if self.failure then return nil, "ledger: " .. self.failure[1], self.failure[2] end
  return true
end

-- The items of a source that is copied first.
function Record:copied_items(items, on_copied)
  local rows
  return function()
    if not rows then
      local ok, message, info = self:copy(items, on_copied)
      if not ok then return nil, message, info end
      rows = asked.rows(self.ledger, self.run)
    end
    local row, message, info = rows()
    return row and asked.item(row), message, info
  end
end

--- The items that this run asks about: those of `items`, an iterator, each recorded as it is read. Where the run goes
-- on, what it has read before has to come again.
-- Where they are copied (see begin), all are recorded before the first one is given out, and come from the record then,
-- also when the run goes on: what a service lists comes in another order tomorrow. on_copied(): called now and then
-- meanwhile.
function Record:reading(items, on_copied)
  if not self.ledger then return items end
  if self.copied then return self:copied_items(items, on_copied) end
  local before = self.resumed and asked.rows(self.ledger, self.run)
  return function()
    local item, message, info = items()
    if message then return nil, message, info end
    if before then
      local same
      same, message, info = self:compare(item, before)
      if same then return item end
      if message then return nil, message, info end
      before = nil
    end
    if item then
      self:asked(item)
    else
      self.items, self.ended = self.position, true
    end
    return item
  end
end

--- How many items have been copied by now; nil where that is over, or nothing is copied first.
function Record:copying()
  return self.ledger and self.copied and not self.items and self.position or nil
end

--- Entries {key =, answer =} have got their answers. Those of a reply are in the ledger when this returns.
function Record:answers(entries)
  if not self.ledger then return end
  local replied = #self.answered + #entries >= AT_ONCE
  for _, entry in ipairs(entries) do
    local answer = entry.answer
    replied = replied or answer.status ~= "error"
    self.answered[#self.answered + 1] = {
      key = entry.key, status = answer.status, revoked_at = answer.revoked_at, class = answer.class, code = answer.code,
    }
  end
  if replied then self:write() end
end

-- What this run has been answered about a key; nil where nothing, or an error.
function Record:answer_of(key)
  if not self.ledger then return nil end
  local answer, message, info = self.ledger:answer(self.run, key)
  if message then
    self.failure = self.failure or { message, info }
  elseif answer and answer.status ~= "error" then
    return answer
  end
end

--- Ends the record; whole: the run was not cut short. Returns true where all of it is on the disk; or nil, message,
-- info.
function Record:finish(whole)
  if not self.ledger then return true end
  self:write()
  local failure = self.failure
  if not failure then
    local ended, message, info = self.ledger:end_run(self.run, self.now(), whole)
    failure = not ended and { message, info }
  end
  self.ledger:close()
  self.ledger = nil
  if not failure then return true end
  return nil, "ledger: " .. failure[1] .. "; this run's record is not whole", failure[2]
end

return M
