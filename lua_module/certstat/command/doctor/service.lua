--- Whether the service accepts what is signed, permits what is asked, and has the same time.
local cjson = require("cjson").new()
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local mismatch = require "certstat.mismatch"
local row = require "certstat.command.doctor.row"
local times = require "certstat.times"
local words = require "certstat.words"

local M = {}

local LIST, STATUS = "ListClientCertificate", "DescribeClientCertificateStatusForSerialNumber"
local NEVER_ISSUED = "01" -- to ask about where the list gives no serial

local FAR, TOO_FAR = 60, 900 -- seconds: worth a word; what the service refuses

-- Codes, up to their first dot, of what a policy denies: the signature has been accepted then.
local DENIALS = { NoPermission = true, Forbidden = true }

local function family(verdict) return (verdict.info and verdict.info.code or ""):match("^[^.]*") end

local function is_denied(verdict) return DENIALS[family(verdict)] == true end

-- A throttle says nothing, but is no failure either.
local function failed(check, message, class)
  return row(check, class == "throttled" and "warning" or "failed", message, class)
end

-- ---- the clock ----

local function clock_row(calls, event, corrected)
  local date = event and times.read_http_date((event.headers or {}).date)
  if not date then return row("clock", "skipped", "no answer of the service has a Date") end
  local offset = date - math.floor(ipc.wall_ns() / 1e9)
  local off = math.abs(offset)
  local side = offset > 0 and "behind" or "ahead of"
  if off <= FAR then return row("clock", "ok", ("%d s %s the service's"):format(off, side)) end
  local text = ("%s %s the service's"):format(words.duration(off), side)
  if off <= TOO_FAR then
    return row("clock", "warning", text .. "; from 15 minutes on it refuses what is dated so")
  elseif corrected or calls.identity.clock then
    return row("clock", "warning", text .. ": certstat dates its calls by the service's, other programs are refused")
  end
  return row("clock", "failed", text .. ", which refuses what is dated so", "denied")
end

-- ---- the signature ----

-- Why another signature was expected.
local function explain(calls, verdict)
  local credentials = calls.identity.credentials
  local found = mismatch.explain(verdict.info.server_message or "", {
    method = "POST", host = calls.endpoint.host, access_key_id = credentials.access_key_id,
    access_key_secret = credentials.access_key_secret, security_token = credentials.security_token,
  })
  if not found then return verdict.message end
  if found.same then return "SignatureDoesNotMatch: the secret is not this key's: both sign the same text" end
  return ("SignatureDoesNotMatch: the service signs %s, certstat %s: %s"):format(core.printable(found.server, 200),
    core.printable(found.ours, 200), found.reason)
end

local function signature_row(calls, verdict)
  if verdict.outcome == "done" or is_denied(verdict) then return row("signature", "ok", "accepted") end
  if family(verdict) == "SignatureDoesNotMatch" then
    return row("signature", "failed", explain(calls, verdict), verdict.info.class)
  end
  return failed("signature", verdict.message, verdict.info.class)
end

-- ---- what is permitted ----

--- policy(operations) → the RAM policy that permits these and nothing else.
-- https://www.alibabacloud.com/help/en/ram/user-guide/policy-structure-and-syntax
function M.policy(operations)
  local actions = {}
  for i, name in ipairs(operations) do actions[i] = ('        "yundun-cert:%s"'):format(name) end
  return ([[
{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
%s
      ],
      "Resource": "*"
    }
  ]
}]]):format(table.concat(actions, ",\n"))
end

local function text_of(value) return type(value) == "string" and core.printable(value, 100) or nil end

-- "ImplicitDeny by AccountLevelIdentityBasedPolicy, for SubUser x", of what the refusal says of it, or nothing.
-- https://help.aliyun.com/zh/ram/developer-reference/api-ram-2015-05-01-decodediagnosticmessage
local function detail_of(event)
  local ok, body = pcall(cjson.decode, event.body or "")
  local detail = ok and type(body) == "table" and body.AccessDeniedDetail
  if type(detail) ~= "table" then return "" end
  local kind, by = text_of(detail.NoPermissionType), text_of(detail.PolicyType)
  local who, name = text_of(detail.AuthPrincipalType), text_of(detail.AuthPrincipalDisplayName)
  return (" (%s by %s, for %s)"):format(kind or "denied", by or "a policy",
    who and name and who .. " " .. name or "the caller")
end

local function denied_row(denied)
  local names, texts = {}, {}
  local status = "warning"
  for i, one in ipairs(denied) do
    names[i], texts[i] = one.operation, one.operation .. ": " .. one.verdict.info.code .. detail_of(one.event)
    if one.operation == STATUS then status = "failed" end
  end
  local text = table.concat(texts, "; ")
  if status == "warning" then text = text .. "; certstat list and audits of the service's own list need it" end
  local found = row("permission", status, text, "denied")
  found.policy = M.policy(names)
  return found
end

-- asked: an array of {operation =, verdict =, event =}
local function permission_row(asked)
  local allowed, denied = {}, {}
  for _, one in ipairs(asked) do
    if is_denied(one.verdict) then
      denied[#denied + 1] = one
    elseif one.verdict.outcome == "done" or one.verdict.info.class == "argument" then
      allowed[#allowed + 1] = one.operation
    else
      return failed("permission", one.verdict.message, one.verdict.info.class)
    end
  end
  if denied[1] then return denied_row(denied) end
  return row("permission", "ok", table.concat(allowed, ", "))
end

-- ---- all of it ----

-- A serial of the list, or one to ask about all the same.
local function serial_of(verdict)
  local list = verdict.reply and verdict.reply.CertificateList
  local first = type(list) == "table" and list[1]
  local serial = type(first) == "table" and first.SerialNumber
  return type(serial) == "string" and core.serial(serial) and serial or NEVER_ISSUED
end

--- rows(calls) → three rows. It asks twice; a third time where the clock is so far off that the service's is followed.
function M.rows(calls)
  local verdict, event, info = calls:ask(LIST, { CurrentPage = 1, ShowSize = 1 })
  if not verdict then
    local why = "nothing could be asked"
    return row("clock", "skipped", why), failed("signature", event, info.class), row("permission", "skipped", why)
  end
  local first, corrected = event, nil
  if verdict.mends == "clock" then
    corrected = calls.identity:correct_clock(event.headers.date)
    local again, answer
    if corrected then again, answer = calls:ask(LIST, { CurrentPage = 1, ShowSize = 1 }) end
    if again then verdict, event = again, answer end
  end
  local clock = clock_row(calls, first, corrected)
  local signature = signature_row(calls, verdict)
  if signature.status ~= "ok" then
    return clock, signature, row("permission", "skipped", "the signature was not accepted")
  end
  local asked = { { operation = LIST, verdict = verdict, event = event } }
  local other, answer
  other, answer, info = calls:ask(STATUS, { SerialNumber = serial_of(verdict) })
  if not other then return clock, signature, failed("permission", answer, info.class) end
  table.insert(asked, 1, { operation = STATUS, verdict = other, event = answer })
  return clock, signature, permission_row(asked)
end

return M
