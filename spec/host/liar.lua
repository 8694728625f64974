--- liar.lua - a service that misbehaves: a real nginx, whose lie is named by the access key id of the call.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "certstat.emulator.nginx"

local liar = {}

local CONFIGURATION = [[
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
{modules}
events { worker_connections 64; }
http {
  access_log off;
  default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  init_by_lua_file {folder}/lies.lua;
  server {
    listen 127.0.0.1:{port};
    location / { content_by_lua_block {
      local name = (ngx.var.http_authorization or ""):match("Credential=([^,]*),")
      local calls = io.open("{folder}/calls", "a")
      calls:write(name, " ", ngx.var.http_x_acs_signature_nonce, "\n")
      calls:close()
      lies[name]()
    } }
  }
}
]]

local LIES = [[
lies = {}

local function good(serial)
  return ('{"SerialNumber":"%s","Status":"good","RevokeTime":0}'):format(serial)
end

local function say(body) ngx.print(body) end
local function list(...) say('{"RequestId":"1","CertificateStatus":[' .. table.concat({ ... }, ",") .. "]}") end

function lies.html() say("<html><body>Please log in</body></html>") end
function lies.half() say('{"RequestId":"1","CertificateStatus":[{"SerialNu') end
function lies.code() say('{"RequestId":"1","Code":"Weird.Thing","Message":"no\27[31m way"}') end
function lies.nan() list('{"SerialNumber":"0a","Status":"revoked","RevokeTime":NaN}') end
function lies.null() list('{"SerialNumber":"0a","Status":"revoked","RevokeTime":null}') end
function lies.word() list('{"SerialNumber":"0a","Status":"fine"}') end
function lies.status() list('{"SerialNumber":"0a","Status":null}') end
function lies.missing() list() end
function lies.foreign() list(good("0b")) end
function lies.two() list(good("0a"), '{"SerialNumber":"0A","Status":"revoked","RevokeTime":1700000000000}') end
function lies.string() say('{"RequestId":"1","CertificateStatus":"good"}') end
function lies.object() say('{"RequestId":"1","CertificateStatus":{"0a":"good"}}') end
function lies.redirect() ngx.redirect("http://127.0.0.1:1/elsewhere") end
function lies.failing()
  ngx.status = 503
  say('{"Code":"ServiceUnavailable","Message":"later"}')
end
function lies.endless() -- more than certstat reads, in pieces of a mebibyte
  local piece = (" "):rep(1048576)
  for _ = 1, 10240 do
    ngx.print(piece)
    if not ngx.flush(true) then return end
  end
end
function lies.short() -- promises more than it sends
  ngx.header["Content-Length"] = 1000
  say('{"CertificateStatus":[]}')
  ngx.flush(true)
  ngx.exit(444)
end
function lies.closing() -- closes a kept connection on its second request
  if tonumber(ngx.var.connection_requests) > 1 then ngx.exit(444) end
  local answers = {}
  for serial in ngx.req.get_uri_args().SerialNumber:gmatch("[^,]+") do answers[#answers + 1] = good(serial) end
  list(unpack(answers))
end
]]

--- start() → the server: its url; liar.stop(server) ends it.
function liar.start()
  local folder = files.folder()
  files.shell("chmod 755 " .. folder)
  files.write(folder .. "/lies.lua", LIES)
  return live.start(folder, function(port, fd)
    local found = assert(nginx.find(package.path, package.cpath))
    local load = ""
    for _, path in ipairs(found.modules) do load = load .. "load_module " .. path .. ";\n" end
    files.write(folder .. "/nginx.conf", (CONFIGURATION:gsub("{(%l+)}", {
      user = ipc.user() == 0 and "user root;" or "", modules = load, port = port, folder = folder,
    })))
    return {
      argv = { found.program, "-p", folder, "-c", folder .. "/nginx.conf", "-e", folder .. "/error.log" },
      env = { "NGINX=" .. fd .. ";", "PATH=" .. os.getenv("PATH") },
    }
  end)
end

--- The nonces of the calls that came with an access key id, in their order.
function liar.nonces(server, id)
  local nonces = {}
  for name, nonce in files.read(server.folder .. "/calls"):gmatch("(%S+) (%S+)\n") do
    if name == id then nonces[#nonces + 1] = nonce end
  end
  return nonces
end

function liar.stop(server)
  live.stop(server)
  ipc.remove_folder(server.folder)
end

return liar
