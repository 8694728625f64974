--- The way to the service: its name, a connection, TLS.
local core = require "certstat.core"
local row = require "certstat.command.doctor.row"
local times = require "certstat.times"
local words = require "certstat.words"

local M = {}

local SOON = 14 * 86400 -- seconds before its end at which a certificate is worth a warning

local function is_address(host) return host:find("^%[") ~= nil or host:find("^[%d.]+$") ~= nil end

local function milliseconds(from_ns, to_ns) return ("%.0f ms"):format(math.max(0, to_ns - from_ns) / 1e6) end

-- The certificate that the server shows, and how long it is good.
local function certificate_row(facts, now_s)
  local chain, problem = core.certificates(facts.chain)
  local own = chain and chain[1]
  if not own or own.error then
    return row("tls", "warning", ("%s; its certificate can't be read: %s"):format(facts.tls_version,
      core.printable(own and own.error or problem or "there is none", 200)))
  end
  local left = own.not_after - now_s
  local text = ("%s; %s, by %s, good until %s, for %s; a chain of %s"):format(facts.tls_version,
    core.printable(own.subject, 200), core.printable(own.issuer, 200), times.iso(own.not_after),
    words.duration(math.max(0, left)), words.count(#chain, "certificate"))
  return row("tls", left < SOON and "warning" or "ok", text)
end

--- rows(endpoint, event, began_ns, now_s) → three rows. event: the last one, of certstat.net, of a request that was to
-- connect only and to describe it; began_ns: when it was started; now_s: seconds since 1970.
function M.rows(endpoint, event, began_ns, now_s)
  local facts, message = event.facts, event.message
  local host = endpoint.host:gsub(":%d+$", "")
  local secure = endpoint.url:find("^https:") ~= nil
  local name, connection, tls
  if is_address(host) then
    name = row("dns", "ok", host .. " is an address, there is no name to look up")
  elseif facts.resolved_ns == 0 then
    name = row("dns", "failed", message, event.class)
  else
    name = row("dns", "ok", ("%s, in %s"):format(host, milliseconds(began_ns, facts.resolved_ns)))
  end
  if name.status == "failed" then
    connection = row("tcp", "skipped", "there is no address")
  elseif facts.connected_ns == 0 then
    connection = row("tcp", "failed", message, event.class)
  else
    connection = row("tcp", "ok", ("%s, in %s"):format(facts.address, milliseconds(facts.resolved_ns,
      facts.connected_ns)))
  end
  if connection.status ~= "ok" then
    tls = row("tls", "skipped", "there is no connection")
  elseif event.kind == "failed" then
    tls = row("tls", "failed", message, event.class)
  elseif secure then
    tls = certificate_row(facts, now_s)
  else
    tls = row("tls", "skipped", "plain http")
  end
  return name, connection, tls
end

return M
