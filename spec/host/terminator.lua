--- terminator.lua - https in front of an emulator, by HAProxy: each request takes a connection, and each connection a
-- whole handshake.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

local terminator = { NAME = "cas-spec.aliyuncs.com" } -- what its certificate is for, beside 127.0.0.1

local CONFIGURATION = [[
global
  nbthread 1
  tune.ssl.cachesize 0
  ssl-default-bind-options no-tls-tickets
defaults
  mode http
  option httpclose
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend front
  bind fd@%d ssl crt %s
  default_backend emulator
backend emulator
  server emulator %s
]]

local CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 -subj /CN=spec "
  .. "-addext 'subjectAltName=DNS:%s,IP:127.0.0.1' -keyout %s/key -out %s/ca.pem && cat %s/key %s/ca.pem > %s/both.pem"

--- start(service) → {url =, port =, ca = the file of its own certificate, which only this user can read}.
function terminator.start(service)
  local folder = files.folder()
  files.shell(CERTIFICATE:format(terminator.NAME, folder, folder, folder, folder, folder))
  local port
  local self = live.start(folder, function(given, fd)
    port = given
    files.write(folder .. "/haproxy.cfg", CONFIGURATION:format(fd, folder .. "/both.pem", service.host))
    return { argv = { "/usr/sbin/haproxy", "-db", "-f", folder .. "/haproxy.cfg" }, env = {} }
  end)
  self.url, self.port, self.ca = "https://127.0.0.1:" .. port, port, folder .. "/ca.pem"
  return self
end

function terminator.stop(self)
  live.stop(self)
  ipc.remove_folder(self.folder)
end

return terminator
