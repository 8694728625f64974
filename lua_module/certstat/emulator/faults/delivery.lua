--- Sending a reply as its faults want it: late, in drops, without end, or not to its end. See faults.answers.
local M = {}

-- What nginx does on these, with reset_timedout_connection on: it resets a connection closed by 444
-- (https://nginx.org/en/docs/http/ngx_http_core_module.html#reset_timedout_connection), and just closes one that the
-- client is said to have closed. Over HTTP/2, both end the stream alone.
local EXIT = { reset = 444, close = 499 }

local PIECE = (" "):rep(262144)
local TICK_S = 0.001

-- Whether the client is still there.
local function push(bytes)
  return ngx.print(bytes) and ngx.flush(true)
end

local function send_endless()
  ngx.header["Content-Length"] = nil
  while push(PIECE) do ngx.sleep(TICK_S) end
end

local function send_drops(body, drip)
  for from = 1, #body, drip.bytes do
    if not push(body:sub(from, from + drip.bytes - 1)) then return end
    ngx.sleep(drip.every_ms / 1000)
  end
end

--- Sends the body of a reply whose header fields are set, as `reply` says.
function M.send(reply, body)
  if reply.delay_s then ngx.sleep(reply.delay_s) end
  if reply.date_offset_s then ngx.header.Date = ngx.http_time(ngx.time() + reply.date_offset_s) end
  if reply.ending then
    if reply.after_bytes then push(body:sub(1, math.min(reply.after_bytes, #body - 1))) end
    return ngx.exit(EXIT[reply.ending])
  end
  if reply.endless then return send_endless() end
  if reply.drip then return send_drops(body, reply.drip) end
  ngx.print(body)
end

return M
