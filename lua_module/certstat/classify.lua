--- What an answer means: one HTTP event → an outcome for the engine, and a reply or an error.
-- Sources: the service's public error table (https://help.aliyun.com/en/document_detail/434846.html) and the retry
-- rules of the official clients (x-acs-retry-after in milliseconds before codes, codes before HTTP 429).
local cjson = require("cjson").new()
local core = require "certstat.core"

cjson.decode_invalid_numbers(false) -- NaN and Infinity are no JSON

local M = {}

-- What is refused whatever is asked: no other attempt and no other batch would be answered. A code counts up to its
-- first dot.
local REFUSED = {
  SignatureDoesNotMatch = "denied", IncompleteSignature = "denied", MissingSecurityToken = "denied",
  MissingAccessKeyId = "denied", InvalidAccessKeyId = "denied", InvalidSecurityToken = "denied",
  InvalidCredentials = "denied", NoPermission = "denied", Forbidden = "denied", InsufficientBalance = "denied",
  InvalidTimeStamp = "denied", IllegalTimestamp = "denied", InvalidProduct = "denied", InvalidProtocol = "denied",
  InvalidAction = "argument", InvalidApi = "argument", InvalidVersion = "argument", NoSuchVersion = "argument",
  UnsupportedHTTPMethod = "argument", UnsupportedOperation = "argument",
}
-- What may be answered once its cause is mended: the outcome is "again".
local MENDS = {
  SignatureNonceUsed = "nonce", ["InvalidTimeStamp.Expired"] = "clock",
  ["InvalidSecurityToken.Expired"] = "credentials",
}
local RETRY = { ServiceUnavailable = true, InternalError = true }
local DEFAULT_PAUSE_MS = 1000 -- a throttle that names no delay: one window
local LONGEST_PAUSE_MS = 120000 -- as in the official clients
local LONGEST_MESSAGE = 16384 -- of info.server_message: where signatures differ it has the whole request

--- A value of decoded JSON that is really there: null counts as absent.
function M.present(value)
  if value == cjson.null then return nil end
  return value
end

-- Without the security token, which the service repeats where it shows what it signed. It may be cut short there, so
-- that its beginning counts as all of it.
local function mask(text, token)
  if not token then return text end
  return (text:gsub(token:sub(1, 8):gsub("%W", "%%%0") .. "[^%s%]\"']*", "***"))
end

local function shown(value, token, most)
  value = M.present(value)
  if type(value) == "string" and value ~= "" then return core.printable(mask(value, token), most or 300) end
end

local function milliseconds(digits)
  local ms = tonumber(digits)
  return ms and ms > 0 and math.min(ms, LONGEST_PAUSE_MS) or nil
end

-- x-acs-retry-after: milliseconds, a positive integer; else it counts as absent.
local function retry_after_ms(headers)
  return milliseconds((headers["x-acs-retry-after"] or ""):match("^%s*(%d+)%s*$"))
end

-- The older headers: `Limit:1,Remain:0,TimeLeft:2000,Reset:1234`, TimeLeft in milliseconds; the larger wins.
local function time_left_ms(headers)
  local most
  for _, name in ipairs { "x-ratelimit-user-api", "x-ratelimit-user" } do
    local ms = milliseconds((headers[name] or ""):match("TimeLeft:(%d+)"))
    if ms then most = math.max(most or 0, ms) end
  end
  return most
end

-- The code in a body; nil where there is none. Numbers are shown alike on all Luas.
local function code_of(body)
  local code = M.present(body.Code)
  if code == nil then code = M.present(body.code) end
  if type(code) == "number" then return ("%.0f"):format(code) end
  if type(code) == "string" then return code ~= "" and code or nil end
  return code ~= nil and "(a " .. type(code) .. ")" or nil
end

-- The outcome and class of an error answer, for a throttle how long nobody may send, and whether any other call would
-- be refused too.
local function judge(event, code)
  local status = event.http_status
  local asked_ms = retry_after_ms(event.headers)
  if asked_ms or code:find("Throttling", 1, true) or status == 429 then
    return "throttled", "throttled", asked_ms or time_left_ms(event.headers) or DEFAULT_PAUSE_MS
  end
  local family = code:match("^[^.]*")
  if status >= 500 or RETRY[family] then return "retry", "server" end
  if MENDS[code] then return "again", REFUSED[family] or "server", nil, REFUSED[family] and true end
  if REFUSED[family] then return "failed", REFUSED[family], nil, true end
  if status == 401 or status == 403 then return "failed", "denied", nil, true end
  if status == 408 then return "retry", "network" end
  return "failed", (status < 400 or code == "") and "protocol" or "argument"
end

-- Whether one serial of several may be why a call was refused.
local function is_of_one(status, code)
  return status == 400 or status == 404 and code:find("NotFound", 1, true) ~= nil
end

-- code: nil where the body has none
local function refusal(event, body, code, token)
  local status = event.http_status
  local outcome, class, pause_ms, any = judge(event, code or "")
  local too_large = status == 413 or status == 414
  local text = M.present(body.Message) or body.message
  local message = shown(text, token)
  code = shown(code, token)
  local info = {
    class = class, http_status = status, code = code or ("HTTP%d"):format(status), retry_after = pause_ms and
      pause_ms / 1e3, server_message = shown(text, token, LONGEST_MESSAGE),
    request_id = shown(body.RequestId, token) or shown(body.requestId, token)
      or shown(event.headers["x-acs-request-id"], token),
    any = any, may_divide = too_large or class == "argument" and not any and is_of_one(status, code),
  }
  local what = code and ("%s (HTTP %d)"):format(code, status) or ("HTTP %d"):format(status)
  return {
    outcome = outcome, mends = outcome == "again" and MENDS[code] or nil, pause_ns = pause_ms and pause_ms * 1e6,
    info = info,
    message = ("the service answered %s%s"):format(what, message and ": " .. message or ""),
  }
end

-- Statuses that say all without a body; a proxy's or gateway's own page may come with them.
local PLAIN = { [401] = true, [403] = true, [413] = true, [414] = true, [429] = true }

-- An answer that is not the service's JSON.
local function garbled(event, found, token)
  local status = event.http_status
  if PLAIN[status] or retry_after_ms(event.headers) then return refusal(event, {}, nil, token) end
  return {
    outcome = (status >= 300 and status < 400) and "failed" or "retry",
    message = ("expected a JSON object from the service, found %s (HTTP %d)"):format(found, status),
    info = {
      class = status >= 500 and "server" or "protocol", http_status = status,
      code = status >= 500 and ("HTTP%d"):format(status) or "InvalidReply",
      request_id = shown(event.headers["x-acs-request-id"], token),
    },
  }
end

local function describe(body, token)
  if body == "" then return "an empty body" end
  return ("%d bytes: %s"):format(#body, core.printable(mask(body:sub(1, 400), token), 40))
end

-- Who refuses a connection, or a thread for a name lookup, refuses the next one too.
local REFUSALS = { tls = "TLSRefused", proxy = "ProxyRefused", thread = "ThreadRefused" }

local function lost(event)
  if event.too_late then
    return { outcome = "late", message = event.message, info = { class = "deadline", code = "Late" } }
  elseif event.refused then
    return { outcome = "failed", message = event.message,
      info = { class = event.class, code = REFUSALS[event.refused], any = true } }
  end
  local network = event.class == "network"
  return { outcome = network and "retry" or "failed", message = event.message,
    info = { class = event.class, code = network and "NoReply" or "ReplyRefused" } }
end

local SUCCESS = { ["200"] = true, OK = true, Success = true }

--- Judges an event of certstat.net: {outcome = the engine's word, reply = table | nil, message =, info =, pause_ns =,
-- mends =}. pause_ns: how long nobody may send, where the outcome is "throttled". mends: what is to be mended, where it
-- is "again": "nonce", "clock" or "credentials". Fields of info beside class, code, http_status,
-- request_id, retry_after and server_message: any (every other call would be refused too), may_divide (a smaller batch
-- may be answered). token: the security token, which no message repeats.
function M.event(event, token)
  if event.kind == "failed" then return lost(event) end
  local ok, body = pcall(cjson.decode, event.body)
  if not ok or type(body) ~= "table" or body[1] ~= nil then
    return garbled(event, describe(event.body, token), token)
  end
  local code = code_of(body)
  if event.http_status ~= 200 or code and not SUCCESS[code] then return refusal(event, body, code, token) end
  if not (shown(body.RequestId) or shown(body.requestId)) then
    return garbled(event, "one without a RequestId", token)
  end
  return { outcome = "done", reply = body }
end

return M
