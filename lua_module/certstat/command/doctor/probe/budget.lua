--- The probe's calls: so many and no more, in the lane that leaves permits to all others, and none after the first that
-- says nothing about what was asked: a throttle, a network that fails.
local classify = require "certstat.classify"
local core = require "certstat.core"

local Budget = { __name = "certstat.command.doctor.probe.budget" }
Budget.__index = Budget

local M = {}

local STATUS = "DescribeClientCertificateStatusForSerialNumber"

--- new(calls, most) → budget. most: how many calls, with those that the doctor has made before; budget.stopped: why
-- there are no more, or nil.
function M.new(calls, most)
  calls.lane = "audit"
  return setmetatable({ calls = calls, most = most }, Budget)
end

--- How many calls are left.
function Budget:left() return self.stopped and 0 or math.max(0, self.most - self.calls.sent) end

--- ask(operation, parameters) → the reply; or nil, whether the service refused what was asked. With false nothing is
-- known, and it is no use to ask on.
function Budget:ask(operation, parameters)
  if self:left() == 0 then return nil, false end
  local verdict, message = self.calls:ask(operation, parameters)
  if not verdict then
    self.stopped = message
    return nil, false
  end
  if verdict.reply then return verdict.reply end
  if verdict.info.may_divide or verdict.info.class == "argument" then return nil, true end
  self.stopped = verdict.message
  return nil, false
end

--- status(wires) → {[key] = {status =, time = RevokeTime as it is}} of what is answered; or nil, as ask.
function Budget:status(wires)
  local reply, refused = self:ask(STATUS, { SerialNumber = table.concat(wires, ",") })
  if not reply then return nil, refused end
  local answers, list = {}, classify.present(reply.CertificateStatus)
  for _, element in ipairs(type(list) == "table" and list or {}) do
    local serial = type(element) == "table" and element.SerialNumber
    local key = type(serial) == "string" and core.serial(serial)
    if key then answers[key] = { status = element.Status, time = classify.present(element.RevokeTime) } end
  end
  return answers
end

return M
