--- The faults of a TLS handshake, inside nginx: another certificate, or none for as long as the client waits.
local M = {}

local STALL_S = 600

local certificates, key

--- Before the first handshake: reads what may be shown instead of the right certificate. folder: the emulator's, see
-- tls.
function M.load(folder)
  local ssl = require "ngx.ssl"
  local function read(name)
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    local text = file:read("*a")
    file:close()
    return text
  end
  key = assert(ssl.parse_pem_priv_key(read("server.key")))
  certificates = {}
  for _, kind in ipairs { "wrong_name", "expired", "self_signed" } do
    certificates[kind] = assert(ssl.parse_pem_cert(read(kind .. ".pem")))
  end
end

--- In a handshake: what the first of these faults wants.
function M.spoil(rules)
  local rule = rules[1]
  if not rule then return end
  if rule.kind == "stalled_handshake" then
    ngx.sleep(STALL_S)
    return ngx.exit(ngx.ERROR)
  end
  local ssl = require "ngx.ssl"
  assert(ssl.clear_certs())
  assert(ssl.set_cert(certificates[rule.kind]))
  assert(ssl.set_priv_key(key))
end

return M
