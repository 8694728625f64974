--- example.lua - the configurations of scripts/examples for a spec: the very files, in which the lines that are the
-- user's own are changed and no other; and who comes to their doors.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local example = {}

local TERM, LONG_MS = 15, 60000
local SERVER = 6 -- of the CA's certificates that of the server, which is revoked

-- The file `path` of scripts/examples as text. changes: {[a line, without the comment that calls it "yours"] = what
-- the user makes of it}: all such lines, and no other.
local function changed(path, changes)
  local left = {}
  for line in pairs(changes) do left[line] = true end
  local text = files.read("scripts/examples/" .. path):gsub("([^\n]-)(%s+[#-]+ yours[^\n]*)", function(line, comment)
    local indent, statement = line:match("^(%s*)(.*)$")
    assert(left[statement], path .. ": the spec does not change the user's line " .. statement)
    left[statement] = nil
    return indent .. changes[statement] .. comment
  end)
  assert(not next(left), ("%s: there is no line of the user's: %s"):format(path, tostring(next(left))))
  return text
end

-- {[who] = {certificate, key}}: those who come to the door, and its own certificate; and the folder of the CA.
local function make_certificates(folder)
  local ca, who = folder .. "/ca", {}
  local made = files.make_ca(folder, SERVER, 2)
  local function issued(number)
    return { ("%s/sub/newcerts/%s.pem"):format(ca, made[number].serial:upper()), ("%s/keys/%d.key"):format(ca, number) }
  end
  who.good, who.revoked, who.server = issued(1), issued(3), issued(SERVER)
  who.unknown, who.stranger = { folder .. "/unknown.pem", who.good[2] }, { folder .. "/stranger.pem", who.good[2] }
  files.shell(("openssl x509 -req -in %s/keys/1.csr -CA %s/sub/cacert.pem -CAkey %s/sub/private/cakey.pem -days 10 "
    .. "-set_serial 0x7777 -out %s"):format(ca, ca, ca, who.unknown[1]))
  files.shell(("openssl req -x509 -key %s -days 10 -subj /CN=device-1 -out %s"):format(who.good[2], who.stranger[1]))
  return who, made
end

--- prepare() → what the spec of an example needs: {folder, which whoever serves may enter; who = {good =, revoked =,
-- unknown = of the CA, but not to the service, stranger = of no CA, server =}: {file of the certificate, file of its
-- key}; serial = {good =, revoked =, server =}; service = an emulator that speaks https; environment of a server that
-- calls it}.
function example.prepare()
  local folder = files.folder()
  files.shell("chmod 755 " .. folder)
  local who, made = make_certificates(folder)
  return {
    folder = folder, who = who, authorities = folder .. "/ca/chain.pem",
    serial = { good = made[1].serial, revoked = made[3].serial, server = made[SERVER].serial },
    service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0", "--tls" },
    environment = { "PATH=" .. os.getenv("PATH"), "ALIBABA_CLOUD_ACCESS_KEY_ID=demo",
      "ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away" },
  }
end

--- Writes a file of scripts/examples, changed, into the folder.
function example.install(self, path, changes)
  files.write(self.folder .. "/" .. path:match("[^/]+$"), changed(path, changes))
end

--- listen(self, count): opens listening sockets; self.ports and self.fds have them.
function example.listen(self, count)
  self.listeners, self.ports, self.fds = {}, {}, {}
  for i = 1, count do
    self.listeners[i], self.ports[i] = ipc.listen("127.0.0.1", 0)
    self.fds[i] = self.listeners[i]:fd()
  end
end

local function finish(process)
  local kind, value
  repeat kind, value = process:wait(LONG_MS) until kind ~= "output" and kind ~= "errors" and kind ~= "signal"
  process:close()
  return kind, value
end

-- What the server says goes to the file `said` of the folder.
local function spawn(self, argv, option)
  local command = { "/bin/sh", "-c", 'exec "$@" >> ' .. self.folder .. "/said 2>&1", "sh" }
  for _, word in ipairs(argv) do command[#command + 1] = word end
  command[#command + 1] = option
  return assert(ipc.spawn { argv = command, env = self.environment, keep = self.fds, parent_signal = TERM })
end

--- start(self, option, argv): runs the server, first with the option that has it check its configuration. It takes the
-- sockets of example.listen.
function example.start(self, option, argv)
  local kind, status = finish(spawn(self, argv, option))
  assert(kind == "exited" and status == 0, example.said(self))
  self.process = spawn(self, argv)
  for _, listener in ipairs(self.listeners) do listener:close() end
end

--- What the server has said so far.
function example.said(self) return files.read(self.folder .. "/said") end

--- stop(self) → how the server ended.
function example.stop(self)
  local kind, value
  if self.process then
    self.process:signal(TERM)
    kind, value = finish(self.process)
  end
  emulator.stop(self.service)
  ipc.remove_folder(self.folder)
  return kind, value
end

local function curl(words)
  local text = files.shell("curl -s --noproxy '*' --max-time 30 -w '\\n%{http_code}' " .. words .. " || true")
  local body, status = text:match("^(.*)\n(%d+)$")
  return tonumber(status), body
end

--- enter(self, who, path) → the HTTP status, 0 where TLS was refused, and the body: of the first door.
function example.enter(self, who, path)
  return curl(("--cacert %s --cert %s --key %s --resolve host-%d.demo.example:%d:127.0.0.1 "
    .. "'https://host-%d.demo.example:%d%s'"):format(self.authorities, self.who[who][1], self.who[who][2], SERVER,
    self.ports[1], SERVER, self.ports[1], path))
end

--- ask(self, path) → the HTTP status and the body: of the second door, by http.
function example.ask(self, path) return curl(("'http://127.0.0.1:%d%s'"):format(self.ports[2], path)) end

--- counted(self, status): how many requests had a certificate of this status, by /metrics; nil where it tells none.
function example.counted(self, status)
  local _, body = example.ask(self, "/metrics")
  return tonumber(body:match('\ncertstat_requests_total{status="' .. status .. '"} (%d+)\n'))
end

return example
