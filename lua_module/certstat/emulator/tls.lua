--- The emulator's TLS: a CA that lives as long as it does, and certificates by it, right ones and wrong ones, made with
-- the openssl command. See openssl-req(1) and openssl-ca(1).
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local program = require "certstat.emulator.program"

local M = {}

local PROGRAMS = { "/usr/bin/openssl", "/usr/local/bin/openssl" }
local LIMIT_MS = 30000

local CONFIGURATION = [[
[ca]
default_ca = this
[this]
database = %(folder)/tls.index
rand_serial = yes
new_certs_dir = %(folder)
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
x509_extensions = authority
[name]
CN = certstat-emulator
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[right]
subjectAltName = IP:%(address),DNS:localhost
[wrong]
subjectAltName = DNS:wrong.invalid
]]

-- How long these certificates are good: as long as an emulator may run.
local DAYS = "3650"
local NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "

-- The certificates beside the CA have one key, so that a handshake can show any of them.
local COMMANDS = {
  "req -x509 -subj /CN=certstat-emulator-CA " .. NEW_KEY .. "-keyout %/ca.key -out %/ca.pem -days " .. DAYS,
  "req -new " .. NEW_KEY .. "-keyout %/server.key -out %/server.csr",
  "ca -extensions right -days " .. DAYS .. " -out %/server.pem",
  "ca -extensions wrong -days " .. DAYS .. " -out %/wrong_name.pem",
  "ca -extensions right -startdate 20200101000000Z -enddate 20200102000000Z -out %/expired.pem",
  "req -x509 -extensions right -key %/server.key -out %/self_signed.pem -days " .. DAYS,
}
local OF_CA = " -batch -notext -in %/server.csr -cert %/ca.pem -keyfile %/ca.key"

local function write(path, text)
  local file, message = io.open(path, "w")
  if not file then return nil, message end
  file:write(text)
  file:close()
  return true
end

local function last_line(path)
  local file = io.open(path, "r")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return core.printable(text:match("([^\n]*)\n*$"), 200)
end

-- Runs one command to its end: true; or nil, message. What openssl says on its way is kept from the emulator's own
-- standard error by a shell, which is given its words as they are.
local function run(openssl, folder, command)
  if command:find("^ca ") then command = command .. OF_CA end
  local said = folder .. "/tls.log"
  local argv = { "/bin/sh", "-c", 'exec "$@" 2> "$0"', said, openssl }
  for word in command:gmatch("%S+") do argv[#argv + 1] = (word:gsub("^%%", function() return folder end)) end
  local process, message = ipc.spawn { argv = argv, env = { "OPENSSL_CONF=" .. folder .. "/tls.cnf" }, output = true }
  if not process then return nil, message end
  local kind, value
  repeat kind, value = process:wait(LIMIT_MS) until kind ~= "output"
  process:close()
  if kind == "exited" and value == 0 then return true end
  return nil, ("openssl %s: %s"):format(command:match("^%S+"), last_line(said))
end

--- make(folder, address): makes ca.pem, server.key, server.pem (for address and localhost), wrong_name.pem,
-- expired.pem and self_signed.pem in the emulator's folder. The path of ca.pem; or nil, message.
function M.make(folder, address)
  local openssl, message = program.find("openssl", PROGRAMS)
  if not openssl then return nil, message end
  local values = { folder = folder, address = address }
  local ok
  ok, message = write(folder .. "/tls.cnf", (CONFIGURATION:gsub("%%%((%l+)%)", values)))
  if ok then ok, message = write(folder .. "/tls.index", "") end
  for _, command in ipairs(COMMANDS) do
    if not ok then break end
    ok, message = run(openssl, folder, command)
  end
  if not ok then return nil, message end
  return folder .. "/ca.pem"
end

return M
