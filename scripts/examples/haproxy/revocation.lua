--- revocation.lua - asks Alibaba Cloud's Private CA about client certificates, in HAProxy. It goes with haproxy.cfg.
local certificates = require "certstat.sources.file"
local certstat = require "certstat"
local cjson = require("cjson").new()

local client = assert(certstat.client {
  region = "cn-hangzhou", -- yours
  connect_to = "127.0.0.1:8002", -- yours: the section "service" of haproxy.cfg
  home = "/certstat", -- yours: in the chroot, of haproxy
  timeout = 3, -- seconds that a request waits at most
})
for _, line in ipairs(client.warnings) do core.Warning("certstat: " .. line) end
client:warm()

local own = assert(certificates.open("/etc/haproxy/tls/server.pem"))() -- yours: the certificate of this server

-- Requests, by what is known of their certificates.
local requests = { good = 0, revoked = 0, unknown = 0, absent = 0, conflict = 0, invalid = 0, error = 0 }

local function log(level, row)
  core.log(level, ("certstat: %s is %s%s"):format(row.key, row.status, row.message and ": " .. row.message or ""))
end

-- The server's own certificate is looked at, too.
core.register_task(function()
  while true do
    for row in client:audit { own } do
      if row.status ~= "good" then log(core.err, row) end
    end
    core.sleep(3600)
  end
end)

-- What is known of the certificate of a connection.
local function find_out(txn)
  local serial = txn.f:ssl_c_serial()
  if not serial or txn.f:ssl_c_verify() ~= 0 then return { key = "no certificate", status = "invalid" } end
  local rows, message, info = client:status { { serial = serial, binary = true } }
  return (rows or info.rows or { { key = txn.c:hex(serial), status = "error", message = message } })[1]
end

--- Sets txn.certstat; what becomes of the request is said in haproxy.cfg.
core.register_action("revocation", { "http-req" }, function(txn)
  local row = find_out(txn)
  txn:set_var("txn.certstat", row.status)
  requests[row.status] = requests[row.status] + 1
  if row.status ~= "good" then log(core.warning, row) end
end)

local function serve(name, kind, answer)
  core.register_service(name, "http", function(applet)
    local status, body = answer(applet)
    applet:set_status(status)
    applet:add_header("content-type", kind)
    applet:add_header("content-length", #body)
    applet:start_response()
    applet:send(body)
  end)
end

local FIELDS = { "serial", "key", "status", "revoked_at", "class", "code", "message" }

--- /status?serial=A&serial=B: what the service says of them, in JSON.
serve("status", "application/json", function(applet)
  local serials, answers = {}, {}
  for serial in applet.qs:gmatch("serial=([^&]*)") do serials[#serials + 1] = applet.c:url_dec(serial) end
  if #serials == 0 then return 400, "{}" end
  local rows, message, info = client:status(serials)
  for i, row in ipairs(rows or info.rows or {}) do
    answers[i] = {}
    for _, name in ipairs(FIELDS) do answers[i][name] = row[name] end
  end
  return rows and 200 or 503, cjson.encode { rows = answers, message = message }
end)

local function counter(name, samples) return ("# TYPE certstat_%s_total counter\n%s"):format(name, samples) end

--- /metrics: what this process has counted, for Prometheus.
serve("metrics", "text/plain; version=0.0.4", function()
  local text, counters = {}, client:counters()
  for i, name in ipairs { "calls", "failed", "retries", "serials", "throttled" } do
    text[i] = counter(name, ("certstat_%s_total %d\n"):format(name, counters[name]))
  end
  text[#text + 1] = counter("requests", "")
  for status, n in pairs(requests) do
    text[#text + 1] = ('certstat_requests_total{status="%s"} %d\n'):format(status, n)
  end
  return 200, table.concat(text)
end)
