--- A run's record in the ledger: what was asked, in which order, and what was answered, reply by reply.
local core = require "certstat.core"
local home = require "certstat.home"
local ipc = require "certstat.ipc"

local Record = { __name = "certstat.record" }
Record.__index = Record

local M = {}

local AT_ONCE = 500 -- serials or errors that wait for the next reply
local LONGEST = 1000 -- bytes of what comes from outside

local function library()
  local found, ledger = pcall(require, "certstat.ledger")
  if found then return ledger end
  local message = tostring(ledger)
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
  return record
end

--- A record that keeps nothing.
function M.none() return new {} end

--- begin{command=, settings=, home=, account=, getenv=, required=, now=} → the record of a run that begins now; or
-- nil, message, info. settings: what the run depends on, as text; runs with equal ones can be compared.
-- Where nobody named the home, nor said that the record is required, and it can't be kept: one that keeps nothing,
-- and a line that says so. now: a function that gives seconds since 1970 (the system's).
function M.begin(options)
  local account, message, info = home.account(options.account, options.getenv)
  if not account then return nil, message, info end
  local now = options.now or wall_seconds
  local ledger, named, run
  ledger, message, info, named = M.open { home = options.home, getenv = options.getenv, create = true }
  if ledger then
    run, message, info = ledger:begin_run {
      account = account, command = options.command, settings = core.printable(options.settings, LONGEST),
      started = now(),
    }
    if run then return new { ledger = ledger, account = account, run = run, now = now } end
    ledger:close()
    message = "ledger: " .. message
  end
  local missing = info.code == "LedgerMissing"
  if options.required or named and not missing then return nil, message, info end
  return M.none(), message .. "; this run is not recorded"
end

-- The first failure is kept for finish, and nothing is written after it.
function Record:write()
  local asked, answered = self.waiting, self.answered
  self.waiting, self.answered = {}, {}
  if self.failure or #asked + #answered == 0 then return end
  local written, message, info = self.ledger:record {
    account = self.account, run = self.run, checked_at = self.now(), asked = asked, answers = answered,
  }
  if not written then self.failure = { message, info } end
end

--- An item (of certstat.command.input, or a certificate of client:certificates) has been read: it is written with the
-- next reply.
function Record:asked(item)
  if not self.ledger then return end
  self.position = self.position + 1
  local shown, source = item.row or item, item.source or item.identifier
  self.waiting[#self.waiting + 1] = {
    position = self.position, source = source and core.printable(source, LONGEST),
    key = not item.row and core.serial(item.serial, item.binary and "binary" or "text") or nil,
    given = core.printable(shown.serial, LONGEST),
  }
  if #self.waiting >= AT_ONCE then self:write() end
end

--- `items`, an iterator, of which each item is recorded as it is read.
function Record:reading(items)
  return function()
    local item, message, info = items()
    if item then self:asked(item) end
    return item, message, info
  end
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
