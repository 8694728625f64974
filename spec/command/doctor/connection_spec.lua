local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local rows_of = require("certstat.command.doctor.connection").rows

local NAMED = { url = "https://cas.example", host = "cas.example" }
local LITERAL = { url = "http://127.0.0.1:8080", host = "127.0.0.1:8080" }
local MS = 1000000

local function event(facts, more)
  local all = { kind = "connected", facts = { resolved_ns = 0, connected_ns = 0, secured_ns = 0, address = "",
    tls_version = "", chain = "" } }
  for name, value in pairs(facts) do all.facts[name] = value end
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function rows(endpoint, facts, more, now)
  local found = {}
  for i, row in ipairs { rows_of(endpoint, event(facts, more), 1000 * MS, now or 0) } do
    found[i] = { row.check, row.status, row.message, row.class }
  end
  return found
end

local FAILED = { kind = "failed", message = "cas.example: no", class = "network" }

describe("the doctor, of the way to the service", function()
  local folder, pem, not_after

  setup(function()
    folder = files.folder()
    files.shell(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s/key -out %s/pem "
      .. "-days 30 -subj /CN=cas.example"):format(folder, folder))
    pem = files.read(folder .. "/pem")
    not_after = require("certstat.core").certificates(pem)[1].not_after
  end)

  teardown(function() ipc.remove_folder(folder) end)

  local CONNECTED = { resolved_ns = 1012 * MS, connected_ns = 1031 * MS, address = "192.0.2.7" }

  it("shows name, address, TLS and certificate", function()
    local facts = { secured_ns = 1050 * MS, tls_version = "TLSv1.3", chain = pem .. pem }
    for name, value in pairs(CONNECTED) do facts[name] = value end
    local found = rows(NAMED, facts, nil, not_after - 20 * 86400)
    assert.same({ "dns", "ok", "cas.example, in 12 ms" }, found[1])
    assert.same({ "tcp", "ok", "192.0.2.7, in 19 ms" }, found[2])
    assert.same({ "tls", "ok" }, { found[3][1], found[3][2] })
    assert.is_truthy(found[3][3]:find("^TLSv1%.3; CN=cas%.example, by CN=cas%.example, good until "
      .. "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ, for 20 d 0 h; a chain of 2 certificates$"), found[3][3])
    found = rows(NAMED, facts, nil, not_after - 13 * 86400)
    assert.equal("warning", found[3][2])
    assert.is_truthy(found[3][3]:find(", for 13 d 0 h; ", 1, true))
    assert.is_truthy(rows(NAMED, facts, nil, not_after + 5)[3][3]:find(", for 0.0 s; ", 1, true))
  end)

  it("shows a certificate that can't be read", function()
    local facts = { secured_ns = 1, tls_version = "TLSv1.2", chain = "x", resolved_ns = 1, connected_ns = 1 }
    local found = rows(NAMED, facts)
    assert.same({ "tls", "warning", "TLSv1.2; its certificate can't be read: expected a certificate, found none in "
      .. "1 bytes" }, found[3])
  end)

  it("looks up no name of an address, and speaks no TLS over http", function()
    local found = rows(LITERAL, CONNECTED)
    assert.same({ "dns", "ok", "127.0.0.1 is an address, there is no name to look up" }, found[1])
    assert.equal("ok", found[2][2])
    assert.same({ "tls", "skipped", "plain http" }, found[3])
    assert.equal("[::1] is an address, there is no name to look up",
      rows({ url = "https://[::1]:8443", host = "[::1]:8443" }, CONNECTED, FAILED)[1][3])
  end)

  it("stops where the name is not found", function()
    assert.same({ { "dns", "failed", "cas.example: no", "network" }, { "tcp", "skipped", "there is no address" },
      { "tls", "skipped", "there is no connection" } }, rows(NAMED, {}, FAILED))
  end)

  it("stops where nobody answers", function()
    local found = rows(NAMED, { resolved_ns = 1012 * MS }, FAILED)
    assert.same({ "dns", "ok", "cas.example, in 12 ms" }, found[1])
    assert.same({ "tcp", "failed", "cas.example: no", "network" }, found[2])
    assert.same({ "tls", "skipped", "there is no connection" }, found[3])
    assert.equal("failed", rows(LITERAL, {}, FAILED)[2][2])
  end)

  it("stops where TLS fails", function()
    local found = rows(NAMED, CONNECTED, FAILED)
    assert.equal("ok", found[2][2])
    assert.same({ "tls", "failed", "cas.example: no", "network" }, found[3])
  end)
end)
