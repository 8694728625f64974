--- The emulator's record: one line of JSON a call, written whole by one write.
local json = require("cjson").new()

local M = {}
local Log = {}
Log.__index = Log
Log.__name = "certstat.emulator.log"

local MOST = 65536 -- bytes of a line; names in it are bounded by the size of a request's header

--- line(call) → the line of a call: arrival_us, access_key_id, nonce, action, serials, http_status, code,
-- request_id, duration_us, faults (their kinds, comma between them); what is not known is null. A fault changes what is
-- sent after this: http_status and code are of the answer that it spoils.
function M.line(call)
  local function text(value) return value and json.encode(value) or "null" end
  return ('{"arrival_us":%.0f,"access_key_id":%s,"nonce":%s,"action":%s,"serials":%d,"http_status":%d,"code":%s,'
    .. '"request_id":%s,"duration_us":%.0f,"faults":%s}\n'):format(
    call.arrival_us, text(call.access_key_id), text(call.nonce), text(call.action), call.serials or 0, call.status,
    text(call.code), text(call.request_id), call.duration_us, text(call.faults))
end

--- open(path) → log; or nil, message. Lines are appended.
function M.open(path)
  local file, message = io.open(path, "ab")
  if not file then return nil, message end
  file:setvbuf("full", MOST)
  return setmetatable({ file = file }, Log)
end

--- Appends the line of a call: true; or nil, message.
function Log:write(call)
  local ok, message = self.file:write(M.line(call))
  if ok then ok, message = self.file:flush() end
  return ok and true or nil, message
end

return M
