--- What an answer means: one HTTP event → an outcome for the engine, and a reply or an error.
-- Sources: the service's public error table (https://help.aliyun.com/en/document_detail/434846.html) and the retry
-- rules of the official clients (x-acs-retry-after in milliseconds before codes, codes before HTTP 429).
local cjson = require("cjson").new()
local core = require "certstat.core"

cjson.decode_invalid_numbers(false) -- NaN and Infinity are no JSON

local M = {}

-- Refusals that neither another attempt nor another batch changes.
local DENIED = {
  ["SignatureDoesNotMatch"] = true, ["IncompleteSignature"] = true, ["MissingSecurityToken"] = true,
  ["MissingAccessKeyId"] = true, ["NoPermission"] = true, ["Forbidden"] = true, ["InvalidTimeStamp"] = true,
  ["InvalidAccessKeyId"] = true, ["InvalidSecurityToken"] = true, ["InvalidProduct"] = true, ["InvalidProtocol"] = true,
  ["IllegalTimestamp"] = true, ["InvalidCredentials"] = true,
}
local RETRY = { ServiceUnavailable = true, InternalError = true }
-- The request itself is wrong, not the serials in it: dividing the batch would not help.
local WRONG_REQUEST = {
  InvalidAction = true, InvalidApi = true, InvalidVersion = true, NoSuchVersion = true, UnsupportedHTTPMethod = true,
  UnsupportedOperation = true, SignatureNonceUsed = true, InsufficientBalance = true,
}
local DEFAULT_PAUSE_NS = 1e9 -- a throttle that names no delay: one window

local function family(code) return code:match("^[^.]*") end

--- A value of decoded JSON that is really there: null counts as absent.
function M.present(value)
  if value == cjson.null then return nil end
  return value
end

local function text(value)
  if type(value) == "string" and value ~= "" then return core.printable(value, 300) end
end

-- x-acs-retry-after: milliseconds, a positive integer; else it counts as absent.
local function retry_after_ns(headers)
  local ms = (headers["x-acs-retry-after"] or ""):match("^%s*(%d+)%s*$")
  ms = tonumber(ms)
  if ms and ms > 0 then return math.min(ms, 120000) * 1e6 end
end

-- The older headers: `Limit:1,Remain:0,TimeLeft:2000,Reset:1234`, TimeLeft in milliseconds; the larger wins.
local function time_left_ns(headers)
  local most
  for _, name in ipairs { "x-ratelimit-user-api", "x-ratelimit-user" } do
    local ms = tonumber((headers[name] or ""):match("TimeLeft:(%d+)"))
    if ms and ms > 0 then most = math.max(most or 0, math.min(ms, 120000)) end
  end
  return most and most * 1e6
end

local function describe(info, message)
  local what = info.code and ("%s (HTTP %d)"):format(core.printable(info.code, 100), info.http_status)
    or ("HTTP %d"):format(info.http_status)
  return ("the service answered %s%s"):format(what, message and ": " .. message or "")
end

-- The outcome and class of an error answer.
local function judge(event, code)
  local status = event.http_status
  local asked_ns = retry_after_ns(event.headers)
  if asked_ns or code:find("^Throttling") or status == 429 then
    return "throttled", "throttled", asked_ns or time_left_ns(event.headers) or DEFAULT_PAUSE_NS
  end
  if status >= 500 or RETRY[family(code)] then return "retry", "server" end
  if code == "SignatureNonceUsed" then return "again", "denied" end
  if DENIED[family(code)] or status == 401 or status == 403 then return "failed", "denied" end
  if status == 408 then return "retry", "network" end
  if status < 400 or code == "" then return "failed", "protocol" end
  return "failed", "argument"
end

-- Whether a smaller batch may be answered where this one was refused.
local function may_divide(event, code, class)
  local status = event.http_status
  if status == 413 or status == 414 then return true end
  return status == 400 and class == "argument" and not WRONG_REQUEST[family(code)]
end

local function error_reply(event, body)
  local code = M.present(body.Code or body.code)
  code = code ~= nil and tostring(code) or ""
  local outcome, class, pause_ns = judge(event, code)
  local info = {
    class = class, http_status = event.http_status,
    code = code ~= "" and core.printable(code, 100) or ("HTTP%d"):format(event.http_status),
    request_id = text(body.RequestId or body.requestId) or text(event.headers["x-acs-request-id"]),
    retry_after = pause_ns and pause_ns / 1e9, server_message = text(body.Message or body.message),
    may_divide = may_divide(event, code, class),
    too_large = event.http_status == 413 or event.http_status == 414,
  }
  return { outcome = outcome, pause_ns = pause_ns, message = describe(info, info.server_message), info = info }
end

local function garbled(event, problem)
  local status = event.http_status
  if status == 413 or status == 414 or status == 429 or status == 401 or status == 403 then
    return error_reply(event, {}) -- a proxy's or gateway's own page
  end
  local info = {
    class = status >= 500 and "server" or "protocol", code = status >= 500 and "HTTP" .. status or "InvalidReply",
    http_status = status, request_id = text(event.headers["x-acs-request-id"]),
  }
  if retry_after_ns(event.headers) then return error_reply(event, {}) end
  return { outcome = (status >= 300 and status < 400) and "failed" or "retry", info = info,
    message = ("expected JSON from the service, found %s (HTTP %d)"):format(problem, status) }
end

local function what_instead(body)
  if body == "" then return "an empty body" end
  if body:find("^%s*<") then return "markup: " .. core.printable(body:match("^%s*(.*)"):sub(1, 40), 40) end
  return ("%d bytes that are no JSON: %s"):format(#body, core.printable(body:sub(1, 40), 40))
end

local SUCCESS = { ["200"] = true, OK = true, Success = true, ["nil"] = true }

--- Judges an event of certstat.net: {outcome = the engine's word, reply = table | nil, message =, info =, pause_ns =}.
-- pause_ns: how long nobody may send, where the outcome is "throttled".
function M.event(event)
  if event.kind == "failed" then
    if event.too_late then
      return { outcome = "late", message = event.message, info = { class = "deadline", code = "Late" } }
    end
    local info = { class = event.class, code = event.class == "network" and "NoReply" or "ReplyRefused" }
    return { outcome = event.class == "network" and "retry" or "failed", message = event.message, info = info }
  end
  local ok, body = pcall(cjson.decode, event.body)
  if not ok or type(body) ~= "table" then return garbled(event, what_instead(event.body)) end
  local code = tostring(M.present(body.Code))
  if event.http_status ~= 200 or not SUCCESS[code] then return error_reply(event, body) end
  return { outcome = "done", reply = body }
end

return M
