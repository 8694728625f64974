--- scripts/examples/haproxy as a user sets it up: started by root it is the user haproxy, in a chroot.
local example = require "spec.host.example"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"
local tests = require "spec.host.example_tests"

local USR2 = 12

describe("scripts/examples/haproxy", function()
  local here

  local function configure()
    local folder, fds = here.folder, here.fds
    example.install(here, "haproxy/haproxy.cfg", {
      ["log /dev/log local0"] = "log stdout format raw local0",
      ["chroot /var/lib/haproxy"] = "chroot " .. folder .. "/jail",
      ["stats socket /run/haproxy/admin.sock mode 660 level admin"] =
        ("stats socket %s/admin.sock mode 660 level admin"):format(folder),
      ["lua-load /etc/haproxy/revocation.lua"] = ("lua-prepend-path %s/?.lua\n  lua-prepend-path %s/?/init.lua\n"
        .. "  lua-prepend-path %s/?.so cpath\n  lua-load %s/revocation.lua"):format(live.sources(), live.sources(),
        live.modules("5.3"), folder),
      ["bind :443 ssl crt /etc/haproxy/tls/server.pem ca-file /etc/haproxy/tls/clients.pem verify required "
        .. "alpn h2,http/1.1"] = ("bind fd@%d ssl crt %s/server.pem ca-file %s verify required "
        .. "alpn h2,http/1.1"):format(fds[1], folder, here.authorities),
      ["server application 127.0.0.1:8000"] = ("server application 127.0.0.1:%d"):format(here.ports[2]),
      ["bind 127.0.0.1:8001"] = "bind fd@" .. fds[2],
      ["bind 127.0.0.1:8002"] = "bind fd@" .. fds[3],
      ["server service cas.aliyuncs.com:443 resolvers system init-addr libc,none"] =
        "server service " .. here.service.host,
    })
    example.install(here, "haproxy/revocation.lua", {
      ['region = "cn-hangzhou",'] = ('endpoint = "https://localhost", ca_file = "%s",'):format(here.service.ca),
      ['connect_to = "127.0.0.1:8002",'] = ('connect_to = "127.0.0.1:%d",'):format(here.ports[3]),
      ['home = "/certstat",'] = ('home = "%s",'):format(ipc.user() == 0 and "/certstat" or folder .. "/home"),
      ['local own = assert(certificates.open("/etc/haproxy/tls/server.pem"))()'] =
        ('local own = assert(certificates.open("%s/server.pem"))()'):format(folder),
    })
  end

  -- The old worker has connections for a while. A new one has counted nothing yet.
  local function reload()
    here.process:signal(USR2)
    live.await(function() return example.counted(here, "good") == 0 end)
  end

  setup(function()
    here = example.prepare()
    here.stranger, here.log, here.access_log, here.as_logged = 0, "said", "said", function(serial) return serial end
    here.reload, here.home = reload, here.folder .. (ipc.user() == 0 and "/jail/certstat" or "/home")
    example.listen(here, 3)
    local folder = here.folder
    files.shell(("cat %s %s > %s/server.pem"):format(here.who.server[1], here.who.server[2], folder))
    configure()
    if ipc.user() == 0 then
      files.shell(("mkdir %s/jail && install -d -o haproxy -g haproxy -m 700 %s/jail/certstat"):format(folder, folder))
    else -- who is not root can become nobody else
      local text = files.read(folder .. "/haproxy.cfg"):gsub("\n  %f[%a]chroot [^\n]*", "", 1)
      files.write(folder .. "/haproxy.cfg", (text:gsub("\n  user haproxy\n  group haproxy", "", 1)))
    end
    example.start(here, "-c", { "/usr/sbin/haproxy", "-W", "-f", folder .. "/haproxy.cfg", "-p", folder .. "/pid" })
  end)

  teardown(function() example.stop(here) end)

  for _, test in ipairs(tests) do
    it(test[1], function() test[2](here) end)
  end
end)
