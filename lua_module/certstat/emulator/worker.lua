--- What runs inside nginx: takes a request, stamps its arrival, has it answered, writes its line, sends the
-- reply.
local accounts = require "certstat.emulator.accounts"
local answers = require "certstat.emulator.faults.answers"
local authority = require "certstat.emulator.authority"
local control = require "certstat.emulator.control"
local counters = require "certstat.emulator.counters"
local credentials_uri = require "certstat.emulator.credentials_uri"
local delivery = require "certstat.emulator.faults.delivery"
local encode = require "certstat.emulator.encode"
local faults = require "certstat.emulator.faults"
local gateway = require "certstat.emulator.gateway"
local handshake = require "certstat.emulator.faults.handshake"
local ipc = require "certstat.ipc"
local log = require "certstat.emulator.log"
local metadata = require "certstat.emulator.metadata"
local nginx = require "certstat.emulator.nginx"
local nonces = require "certstat.emulator.nonces"
local quota = require "certstat.emulator.quota"
local registry = require "certstat.emulator.registry"
local settings = require "certstat.emulator.settings"
local sts = require "certstat.emulator.sts"

local M = {}

local TURN_NS = 400000 -- a request gives way to others after this long; the limit is a millisecond
local TICK_S = 0.001 -- the shortest sleep: nginx wakes who sleeps for nothing before it looks who has come
local POLL_S = 0.1 -- how often it is looked whether a database has changed; who asks looks for himself
local WINDOW_US = 1000000
local SIGN_NS = 5000000000 -- how often the supervisor is told that databases are being read before the first request
local SESSION_S = 21600 -- how long the keys of an instance's role and of a URI are good

local door, around, record, folder, certificates
local wrong, counted, orders = faults.new(), counters.new(), nil

local function must(value, message)
  if not value then error(message, 0) end
  return value
end

local function open_authorities(folders)
  local opened = {}
  for number, path in ipairs(folders) do
    opened[number] = must(authority.open(path, number))
  end
  return opened
end

-- The supervisor holds the other end of standard output.
local function tell(word, message)
  return io.stdout:write(word, message or "", "\n") and io.stdout:flush()
end

-- What stands around the service and gives out keys: those of the first key's account.
local function open_around(given, known, used)
  local account, seconds = given.keys[1].account, given.session_seconds
  return {
    sts = sts.new { accounts = known, account = account, nonces = used, seconds = seconds },
    metadata = metadata.new {
      accounts = known, account = account, seconds = seconds or SESSION_S, memory = ngx.shared.certstat_keys,
      version = given.metadata,
    },
    credentials_uri = credentials_uri.new { accounts = known, account = account, seconds = seconds or SESSION_S },
  }
end

local function now_s() return ipc.now_ns() / 1e9 end

local function load_faults(given)
  if given.tls then handshake.load(folder) end
  if given.faults then wrong:add(must(faults.read(given.faults, given.tls)), now_s()) end
  orders = control.new {
    faults = wrong, counters = counted, registry = certificates, switches = given.switches, tls = given.tls,
  }
end

local function new_sign_of_life()
  local since = ipc.now_ns()
  return function()
    if ipc.now_ns() - since < SIGN_NS then return end
    since = ipc.now_ns()
    tell("reading")
  end
end

local function load_all(settings_folder)
  local given = must(settings.read(settings_folder))
  folder = settings_folder
  certificates = registry.new(open_authorities(given.folders))
  must(certificates:refresh(new_sign_of_life()))
  local known = must(accounts.new(given.keys, ngx.shared.certstat_keys))
  local used = nonces.new(ngx.shared.certstat_nonces)
  around = open_around(given, known, used)
  door = gateway.new {
    accounts = known, nonces = used, registry = certificates, switches = given.switches,
    max_serials = given.max_serials, quota = quota.new {
      rate = given.qps, rates = given.operation_qps, window_us = WINDOW_US, switches = given.switches,
    },
  }
  record = given.log and must(log.open(given.log))
  load_faults(given)
end

--- Before the first request: reads the settings and every database. What keeps the emulator from serving is
-- told to the supervisor, and ends nginx.
function M.load(settings_folder)
  local ok, message = pcall(load_all, settings_folder)
  collectgarbage() -- what the worker begins with is small, and so are its collector's steps
  if ok then return end
  tell("failed ", message)
  os.exit(1)
end

-- nginx makes its sockets for everyone.
local function close_control()
  local ffi = require "ffi"
  ffi.cdef "int chmod(const char *path, unsigned int mode);"
  return ffi.C.chmod(nginx.control_path(folder), 384) == 0 -- 0600
end

--- At the end. Where the supervisor has been killed, nobody is left to remove the folder.
function M.leave()
  if not tell("leaving") then ipc.remove_folder(folder) end
end

-- A turn of the worker, in which nothing else runs: pause() ends it where it has been long enough, wait(seconds or nil)
-- ends it in any case, and both begin the next; done() ends it for good. How long each was on the processor is counted.
local function new_turn()
  local since, ran_ns = ipc.now_ns(), ipc.thread_ns()
  local turn = {}
  function turn.done() counted:turn(ipc.thread_ns() - ran_ns) end
  function turn.wait(seconds)
    turn.done()
    ngx.sleep(seconds or TICK_S)
    since, ran_ns = ipc.now_ns(), ipc.thread_ns()
  end
  function turn.pause()
    if ipc.now_ns() - since >= TURN_NS then turn.wait() end
  end
  return turn
end

local function keep_fresh(is_over)
  if is_over then return end
  local turn = new_turn()
  local ran, ok, message = pcall(certificates.refresh, certificates, turn.pause, turn.wait)
  turn.done()
  if not ran then message = ok end
  if message then ngx.log(ngx.CRIT, message) end
  ngx.timer.at(POLL_S, keep_fresh)
end

--- Requests are answered from now on.
function M.ready()
  ngx.timer.at(POLL_S, keep_fresh)
  if close_control() then return tell("ready") end
  tell("failed ", "the control socket can't be closed to others")
end

local function request_id()
  return (ngx.var.request_id:upper():gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"))
end

local function read_call(arrival_us)
  ngx.req.read_body()
  local headers, count = ngx.req.get_headers(0), 0
  for _, value in pairs(headers) do count = count + (type(value) == "table" and #value or 1) end
  return {
    arrival_us = arrival_us, request_id = request_id(), method = ngx.req.get_method(),
    is_kept = ngx.var.connection_requests ~= "1" and ngx.req.http_version() < 2,
    target = ngx.var.request_uri or "", headers = headers, headers_count = count,
    body = ngx.req.get_body_data() or "",
  }
end

local function wall_us() return math.floor(ipc.wall_ns() / 1000) end

-- An answer of the service may have a fault; what the gateway refuses stays refused, so that no fault hides what a
-- client did wrong.
local function choose_faults(call, reply)
  if reply.status ~= 200 or not reply.shape then return end
  local chosen = wrong:choose(call, now_s())
  if #chosen == 0 then return end
  local kinds = {}
  for i, rule in ipairs(chosen) do kinds[i] = rule.kind end
  call.faults = table.concat(kinds, ",")
  counted:chosen(chosen)
  answers.spoil(reply, chosen, call)
  reply.is_spoilt = true
end

local function write_line(call)
  call.duration_us = wall_us() - call.arrival_us
  counted:call(call)
  if not record then return end
  local ok, message = record:write(call)
  if not ok then ngx.log(ngx.CRIT, "log: ", message) end
end

-- The line is written before the reply leaves: who has the reply finds the line.
local function send(call, reply, turn)
  choose_faults(call, reply)
  local body, content_type = { reply.body }, reply.content_type or "application/json"
  if not reply.body then body, content_type = encode.reply(reply, turn.pause) end
  if reply.is_spoilt then body = { table.concat(body):sub(1, reply.cut) } end
  local size = 0
  for _, piece in ipairs(body) do size = size + #piece end
  write_line(call)
  ngx.status = reply.status
  ngx.header["Content-Type"] = content_type
  ngx.header["Content-Length"] = size
  ngx.header["x-acs-request-id"] = call.request_id
  for name, value in pairs(reply.headers) do ngx.header[name] = value end
  turn.done()
  if reply.is_spoilt then return delivery.send(reply, body[1]) end
  ngx.print(body)
end

-- Which of those around the service a call is for; nil: none.
local function room_of(call)
  if call.target:find("/latest/", 1, true) == 1 then return around.metadata end
  if call.target:find(credentials_uri.PATH, 1, true) == 1 then return around.credentials_uri end
  return sts.is_for(call) and around.sts or nil
end

local function answer(call, turn)
  local room = room_of(call)
  if not room then return door:answer(call, turn.pause, turn.wait) end
  local reply = room:answer(call, turn.wait)
  call.status = reply.status
  return reply
end

--- One request.
function M.handle()
  local arrival_us = wall_us() -- before any other work: it is what the quota is judged by
  local call = read_call(arrival_us)
  local turn = new_turn()
  local ok, reply = pcall(answer, call, turn)
  if not ok then
    call.problem = reply
    reply = gateway.refuse(call, "InternalError")
  end
  if call.problem then ngx.log(ngx.CRIT, call.problem) end
  send(call, reply, turn)
end

local REFUSED = {
  [404] = "InvalidApi.NotFound", [405] = "UnsupportedHTTPMethod", [413] = "RequestEntityTooLarge",
  [414] = "RequestUriTooLong",
}

--- A request that nginx itself has refused.
function M.refuse()
  local arrival_us = wall_us()
  local call = {
    arrival_us = arrival_us, request_id = request_id(), headers = ngx.req.get_headers(0),
    action = ngx.var.http_x_acs_action,
  }
  send(call, gateway.refuse(call, REFUSED[ngx.status] or "InvalidRequest"), new_turn())
end

--- One TLS handshake.
function M.handshake()
  local chosen = wrong:choose(nil, now_s())
  counted:handshake()
  counted:chosen(chosen)
  handshake.spoil(chosen)
end

--- One request on the control socket.
function M.control()
  ngx.req.read_body()
  local turn = new_turn()
  local ok, message = certificates:refresh(turn.pause, turn.wait)
  if message then ngx.log(ngx.CRIT, message) end
  local status, body = 503, nil
  if ok then
    status, body = orders:answer {
      method = ngx.req.get_method(), path = ngx.var.uri, arguments = ngx.req.get_uri_args(),
      body = ngx.req.get_body_data() or "", now_s = now_s(), wall_s = ngx.time(),
    }
  end
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(body or message)
end

return M
