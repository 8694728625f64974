--- How the service writes the time of a revocation, whose unit is not documented.
local core = require "certstat.core"
local row = require "certstat.command.doctor.row"
local times = require "certstat.times"

local M = {}

local MILLISECONDS = 1e11 -- as certstat.times reads: what is larger are milliseconds
local AHEAD = 86400 -- seconds by which a revocation may lie ahead of the clock, and be one

local function unit_of(number) return number >= MILLISECONDS and "milliseconds" or "seconds" end

--- shape(value) → words for what RevokeTime has.
function M.shape(value)
  if type(value) == "number" then return unit_of(value) end
  if type(value) ~= "string" then return "a " .. type(value) end
  return value:find("^%d+$") and unit_of(tonumber(value)) .. " in a string" or "a date"
end

local function find(answers)
  for key, answer in pairs(answers) do
    if answer.status == "revoked" then return key, answer end
  end
  return nil
end

-- The answer about one that the service lists as revoked, or nil.
local function ask(budget)
  local reply = budget:ask("ListRevokeCertificate", { CurrentPage = 1, ShowSize = 1 })
  local list = reply and reply.CertificateList
  local first = type(list) == "table" and list[1]
  local serial = type(first) == "table" and first.SerialNumber
  if type(serial) ~= "string" or not core.serial(serial) then return nil end
  return select(2, find(budget:status({ serial }) or {}))
end

--- row(budget, answers, now_s) → a row. answers: what is known already, by key.
function M.row(budget, answers, now_s)
  local _, answer = find(answers)
  answer = answer or ask(budget)
  if not answer then
    return row("times", "skipped", budget.stopped or "no revoked certificate was found, whose time could be looked at")
  end
  if answer.time == nil then return row("times", "ok", "what is revoked has no RevokeTime") end
  local seconds = times.read(answer.time)
  local text = "RevokeTime is " .. M.shape(answer.time)
  if not seconds or seconds > now_s + AHEAD then
    return row("times", "warning", ("%s, but no time that has been: %s"):format(text,
      core.printable(tostring(answer.time), 60)))
  end
  return row("times", "ok", ("%s: %s; certstat reads it so"):format(text, times.iso(seconds)))
end

return M
