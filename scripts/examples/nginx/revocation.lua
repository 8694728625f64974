--- revocation.lua - asks Alibaba Cloud's Private CA about client certificates, in nginx. It goes with nginx.conf.
local certificates = require "certstat.sources.file"
local certstat = require "certstat"
local cjson = require("cjson").new()

-- What is let in, by what is known of its certificate. What is not here (revoked, conflict, invalid) is never let in.
local ALLOWED = {
  good = true,
  unknown = false, -- the service knows no such certificate
  absent = false,  -- the service answered, and left it out
  error = false,   -- the service did not answer, or not in time
}

local counters = ngx.shared.certstat

local function add(name, label, value, n)
  counters:incr(('certstat_%s_total{%s="%s"}'):format(name, label, value), n, 0)
end

local client = assert(certstat.client {
  region = "cn-hangzhou", -- yours
  home = "/var/lib/certstat", -- yours: of www-data
  timeout = 3, -- seconds that a request waits at most
  on_call = function(event)
    add("calls", "outcome", event.outcome, 1)
    add("serials", "outcome", event.outcome, event.serials)
  end,
})
for _, line in ipairs(client.warnings) do ngx.log(ngx.WARN, "certstat: ", line) end

local own = assert(certificates.open("/etc/nginx/tls/server.pem"))() -- yours: the certificate of this server

local function log(level, row)
  ngx.log(level, "certstat: ", row.serial, " is ", row.status, row.message and ": " .. row.message or "")
end

-- The server's own certificate is looked at, too.
local function watch(is_ending)
  if is_ending then return end
  for row in client:audit { own } do
    if row.status ~= "good" then log(ngx.ERR, row) end
  end
end

local revocation = {}

--- When a worker starts.
function revocation.start()
  client:warm()
  if ngx.worker.id() == 0 then
    assert(ngx.timer.at(0, watch))
    assert(ngx.timer.every(3600, watch))
  end
end

--- The access phase: goes on, or ends the request.
function revocation.check()
  if ngx.var.ssl_client_verify ~= "SUCCESS" then return ngx.exit(ngx.HTTP_FORBIDDEN) end
  local serial = ngx.var.ssl_client_serial
  local rows, message, info = client:status { serial }
  local row = (rows or info.rows or { { serial = serial, status = "error", message = message } })[1]
  ngx.var.certstat = row.status
  add("requests", "status", row.status, 1)
  if ALLOWED[row.status] then return end
  log(ngx.WARN, row)
  return ngx.exit(row.status == "error" and ngx.HTTP_SERVICE_UNAVAILABLE or ngx.HTTP_FORBIDDEN)
end

local FIELDS = { "serial", "key", "status", "revoked_at", "class", "code", "message" }

--- /status?serial=A&serial=B: what the service says of them, in JSON.
function revocation.status()
  local given, serials, answers = ngx.req.get_uri_args().serial, {}, {}
  for i, serial in ipairs(type(given) == "table" and given or { given }) do serials[i] = tostring(serial) end
  if #serials == 0 then return ngx.exit(ngx.HTTP_BAD_REQUEST) end
  local rows, message, info = client:status(serials)
  for i, row in ipairs(rows or info.rows or {}) do
    answers[i] = {}
    for _, name in ipairs(FIELDS) do answers[i][name] = row[name] end
  end
  ngx.status = rows and ngx.HTTP_OK or ngx.HTTP_SERVICE_UNAVAILABLE
  ngx.header.content_type = "application/json"
  ngx.say(cjson.encode { rows = answers, message = message })
end

--- /metrics: what has been counted since nginx was started, for Prometheus.
function revocation.metrics()
  local names, before = counters:get_keys(0), nil
  table.sort(names)
  ngx.header.content_type = "text/plain; version=0.0.4"
  for _, name in ipairs(names) do
    local metric = name:match("^[%a_]+")
    if metric ~= before then ngx.say("# TYPE ", metric, " counter") end
    ngx.say(name, " ", counters:get(name))
    before = metric
  end
end

return revocation
