--- certstat in every phase of nginx: where it can wait, all answers are those of plain Lua; elsewhere it says so.
local certstat = require "certstat"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"
local questions = require "spec.host.questions"

-- Each phase leaves under its name what it was answered.
local SCRIPT = [[
local client = open { qps = 100 }
local warmed = open()
local answers, serials = {}, { {serials} }
function ask(phase) answers[phase] = questions.all(client, serials) end
function refuse(phase)
  local told = {}
  for i, f in ipairs {
    function() return client:status(serials) end,
    function() return client:call("GetCAInstanceStatus", { InstanceId = "x" }) end,
    client:audit(serials), client:list("ListClientCertificate"), client:certificates(),
    function() return client:ready() end,
  } do told[i] = questions.rows(f()) end
  answers[phase] = table.concat(told)
end
function show(phase) ngx.print(answers[phase] or "pending") end
function begin()
  refuse "init_worker"
  warmed:warm()
  ngx.timer.at(0, function() ask "timer" end)
end
function show_warmed() ngx.print(warmed.loop.net:ready(), " connection, ", warmed:counters().calls, " calls") end
refuse "init"
]]

local HTTP = [[
  init_worker_by_lua_block { begin() }
  upstream nobody {
    server 127.0.0.1:1;
    balancer_by_lua_block {
      refuse "balancer"
      assert(require("ngx.balancer").set_current_peer("127.0.0.1", ngx.var.server_port))
    }
  }
  ssl_session_fetch_by_lua_block { refuse "ssl_session_fetch" }
  server {
    listen unix:{folder}/tls ssl;
    ssl_certificate {keys}/tls.pem;
    ssl_certificate_key {keys}/tls.key;
    ssl_protocols TLSv1.2;
    ssl_session_tickets off;
    ssl_client_hello_by_lua_block { refuse "ssl_client_hello" }
    ssl_certificate_by_lua_block { ask "ssl_cert" }
    keepalive_timeout 0;
    location / { return 200 pong; }
  }
]]

local LOCATIONS = [[
  server_rewrite_by_lua_block { if ngx.var.uri == "/server_rewrite" then ask "server_rewrite" end }
  location = /server_rewrite { return 200 pong; }
  location = /rewrite { rewrite_by_lua_block { ask "rewrite" } content_by_lua_block { ngx.print("pong") } }
  location = /access { access_by_lua_block { ask "access" } content_by_lua_block { ngx.print("pong") } }
  location = /content { content_by_lua_block { ask "content" ngx.print("pong") } }
  location = /set { set_by_lua_block $a { refuse "set" return "pong" } return 200 $a; }
  location = /header_filter { header_filter_by_lua_block { refuse "header_filter" } return 200 pong; }
  location = /body_filter { body_filter_by_lua_block { refuse "body_filter" } return 200 pong; }
  location = /log { log_by_lua_block { refuse "log" } return 200 pong; }
  location = /balancer { proxy_pass http://nobody/ping; }
  location = /answer { content_by_lua_block { show(ngx.var.args) } }
  location = /warmed { content_by_lua_block { show_warmed() } }
]]

local CANNOT_WAIT = "error argument CannotWait: a call can't wait in nginx's %s phase: start it in a timer "
  .. "(ngx.timer.at)\n"

describe("in nginx", function()
  local folder, service, host, expected

  setup(function()
    folder = files.folder()
    files.shell("mkdir " .. folder .. "/newcerts")
    files.write(folder .. "/index.txt", "V\t391124041809Z\t\t0A1B\tunknown\t/CN=x\n"
      .. "R\t391124041809Z\t251124041809Z,keyCompromise\t0A1C\tunknown\t/CN=y\n")
    service = emulator.start { "--ca", folder, "--listen", "127.0.0.1:0", "--qps", "1000" }
    local serials = { "0a1b", "0a1c", "0a1d", "0A:1C", "no serial" }
    expected = questions.all(assert(certstat.client {
      endpoint = service.url, quota = certstat.quota { rate = 100 },
      credentials = { access_key_id = "demo", access_key_secret = "throw-away" },
    }), serials)
    files.shell(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 -subj /CN=spec "
      .. "-keyout %s/tls.key -out %s/tls.pem"):format(folder, folder))
    host = nginx.start {
      service = service, script = SCRIPT, http = HTTP, locations = LOCATIONS,
      values = { serials = '"' .. table.concat(serials, '", "') .. '"', keys = folder },
    }
  end)

  teardown(function()
    if host then nginx.stop(host) end
    if service then emulator.stop(service) end
    ipc.remove_folder(folder)
  end)

  local function answer(phase) return live.ask_until(host, "/answer?" .. phase, "pending") end

  it("answers in a timer", function()
    assert.are.equal(expected, answer "timer")
  end)

  for _, phase in ipairs { "server_rewrite", "rewrite", "access", "content" } do
    it("answers in " .. phase, function()
      assert.are.equal("pong", live.ask(host, "/" .. phase))
      assert.are.equal(expected, answer(phase))
    end)
  end

  it("answers in a TLS handshake, where the certificate is chosen", function()
    -- the second connection offers to resume the session of the first
    assert.are.equal("pongpong", files.shell(("curl -sSk --noproxy '*' --max-time 30 --unix-socket %s/tls "
      .. "https://spec https://spec"):format(host.folder)))
    assert.are.equal(expected, answer "ssl_cert")
    for _, phase in ipairs { "ssl_client_hello", "ssl_session_fetch" } do
      assert.are.equal(CANNOT_WAIT:format(phase):rep(6), answer(phase))
    end
  end)

  for _, phase in ipairs { "set", "header_filter", "body_filter", "log", "balancer" } do
    it("says that it can't wait in " .. phase, function()
      assert.are.equal("pong", live.ask(host, "/" .. phase))
      assert.are.equal(CANNOT_WAIT:format(phase):rep(6), answer(phase))
    end)
  end

  it("says that it can't wait before a worker serves", function()
    for _, phase in ipairs { "init", "init_worker" } do
      assert.are.equal(CANNOT_WAIT:format(phase):rep(6), answer(phase))
    end
  end)

  it("opens a connection at a worker's start, which costs no call", function()
    live.ask_until(host, "/warmed", "0 connection, 0 calls")
    assert.are.equal("1 connection, 0 calls", live.ask(host, "/warmed"))
  end)

  it("logs no error, and no worker crashes", function()
    assert.are.equal("", nginx.logged(host, "%[warn%]"))
    assert.are.equal("", nginx.logged(host, "%[error%]"))
    assert.are.equal("", nginx.logged(host, "%[alert%]"))
  end)
end)
