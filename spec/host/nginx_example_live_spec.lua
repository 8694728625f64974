--- scripts/examples/nginx as a user sets it up, in front of a real nginx.
local example = require "spec.host.example"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local nginx = require "spec.host.nginx_server"
local tests = require "spec.host.example_tests"

-- A user who is not root has no rights to nginx's own folders.
local TEMPORARY = "http {\nclient_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/fastcgi;\n"
  .. "uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;\n"

describe("scripts/examples/nginx", function()
  local here

  local function configure()
    local folder, sources, server = here.folder, live.sources(), here.who.server
    example.install(here, "nginx/nginx.conf", {
      ["error_log /var/log/nginx/error.log warn;"] = "error_log " .. folder .. "/error.log warn;",
      ['lua_package_path "/etc/nginx/lua/?.lua;;";'] = ('lua_package_path "%s/?.lua;%s/?.lua;%s/?/init.lua;;"; '
        .. 'lua_package_cpath "%s/?.so;;";'):format(folder, sources, sources, live.modules("5.1")),
      ["access_log /var/log/nginx/access.log certstat;"] = "access_log " .. folder .. "/access.log certstat;",
      ["listen 443 ssl http2;"] = ("listen 127.0.0.1:%d ssl http2;"):format(here.ports[1]),
      ["ssl_certificate /etc/nginx/tls/server.pem;"] = "ssl_certificate " .. server[1] .. ";",
      ["ssl_certificate_key /etc/nginx/tls/server.key;"] = "ssl_certificate_key " .. server[2] .. ";",
      ["ssl_client_certificate /etc/nginx/tls/clients.pem;"] = "ssl_client_certificate " .. here.authorities .. ";",
      ["proxy_pass http://127.0.0.1:8000;"] = ("proxy_pass http://127.0.0.1:%d;"):format(here.ports[2]),
      ["listen 127.0.0.1:8001;"] = ("listen 127.0.0.1:%d;"):format(here.ports[2]),
    })
    example.install(here, "nginx/revocation.lua", {
      ['region = "cn-hangzhou",'] = ('endpoint = "%s", ca_file = "%s",'):format(here.service.url, here.service.ca),
      ['home = "/var/lib/certstat",'] = ('home = "%s/home",'):format(folder),
      ['local own = assert(certificates.open("/etc/nginx/tls/server.pem"))()'] =
        ('local own = assert(certificates.open("%s"))()'):format(server[1]),
    })
  end

  local function reload()
    local master = { master = files.read(here.folder .. "/pid"):match("%d+") }
    local old = nginx.workers(master)
    nginx.signal(master, "HUP")
    live.await(function()
      for _, worker in ipairs(old) do
        if not nginx.is_gone(worker) then return false end
      end
      return #nginx.workers(master) == #old
    end)
  end

  setup(function()
    here = example.prepare()
    here.stranger, here.log, here.access_log, here.as_logged = 400, "error.log", "access.log", string.upper
    here.reload, here.home = reload, here.folder .. "/home"
    example.listen(here, 2)
    configure()
    local folder = here.folder
    if ipc.user() == 0 then
      files.shell("install -d -o www-data -g www-data -m 700 " .. folder .. "/home")
    else
      files.write(folder .. "/nginx.conf", (files.read(folder .. "/nginx.conf"):gsub("http {\n",
        (TEMPORARY:gsub("%%s", folder)), 1)))
    end
    table.insert(here.environment, ("NGINX=%d;%d;"):format(here.fds[1], here.fds[2]))
    example.start(here, "-t", { "/usr/sbin/nginx", "-c", folder .. "/nginx.conf", "-e", folder .. "/error.log", "-g",
      "daemon off; pid " .. folder .. "/pid;" })
  end)

  teardown(function() example.stop(here) end)

  for _, test in ipairs(tests) do
    it(test[1], function() test[2](here) end)
  end
end)
