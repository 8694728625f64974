--- example_tests.lua - what the examples of all hosts do: {name, f(here)}, …. here: of spec.host.example, and
-- stranger = the HTTP status that a stranger gets, log and access_log = the files that the host logs to, as_logged = a
-- function of a serial number, reload = a function that returns when another worker serves, home = the folder of the
-- quota.
local assert = require "luassert"
local cjson = require("cjson").new()
local emulator = require "spec.emulator.emulator"
local example = require "spec.host.example"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local live = require "spec.host.live"

-- The service says of a call what nobody knows: it is not asked again.
local FAULT = [[{"fault":"text","text":"{\"RequestId\":\"1\",\"Code\":\"Weird.Thing\",\"Message\":\"x\"}"}]]

local function await_line(here, log, text)
  live.await(function() return files.read(here.folder .. "/" .. here[log]):find(text, 1, true) end)
end

return {
  { "lets in who has a good certificate", function(here)
    assert.equal(200, (example.enter(here, "good", "/metrics")))
  end },

  { "refuses one that is revoked, and says so in its logs", function(here)
    assert.equal(403, (example.enter(here, "revoked", "/metrics")))
    await_line(here, "log", "certstat: " .. here.as_logged(here.serial.revoked) .. " is revoked")
    await_line(here, "access_log", " serial=" .. here.serial.revoked:upper() .. " certstat=revoked\n")
  end },

  { "refuses one that the service does not know", function(here)
    assert.equal(403, (example.enter(here, "unknown", "/metrics")))
  end },

  { "refuses strangers, and asks nobody", function(here)
    local before = emulator.calls(here.service)
    assert.equal(here.stranger, (example.enter(here, "stranger", "/metrics")))
    assert.equal(before, emulator.calls(here.service))
  end },

  { "refuses everyone while there is no answer", function(here)
    emulator.fail(here.service, FAULT)
    assert.equal(503, (example.enter(here, "good", "/metrics")))
    emulator.fail(here.service, "")
    assert.equal(200, (example.enter(here, "good", "/metrics")))
  end },

  { "logs that its own certificate is revoked", function(here)
    await_line(here, "log", "certstat: " .. here.serial.server .. " is revoked")
  end },

  { "answers on /status", function(here)
    local status, body = example.ask(here, ("/status?serial=%s&serial=%s&serial=x"):format(here.serial.good,
      here.serial.revoked:upper()))
    local rows = cjson.decode(body).rows
    assert.same({ 200, 3, "good", "revoked", "invalid" }, { status, #rows, rows[1].status, rows[2].status,
      rows[3].status })
    assert.same({ serial = here.serial.good, key = here.serial.good, status = "good" }, rows[1])
    assert.equal("number", type(rows[2].revoked_at))
    assert.equal(400, (example.ask(here, "/status")))
  end },

  { "says on /status why there is no answer", function(here)
    emulator.fail(here.service, FAULT)
    local status, body = example.ask(here, "/status?serial=" .. here.serial.good)
    emulator.fail(here.service, "")
    local said = cjson.decode(body)
    assert.same({ 503, "error", "Weird.Thing" }, { status, said.rows[1].status, said.rows[1].code })
    assert.equal(said.rows[1].message, said.message)
  end },

  { "counts on /metrics", function(here)
    example.enter(here, "revoked", "/metrics")
    local before = example.counted(here, "revoked")
    example.enter(here, "revoked", "/metrics")
    assert.equal(before + 1, example.counted(here, "revoked"))
    local _, body = example.ask(here, "/metrics")
    assert.matches("^# TYPE certstat_calls_total counter\n", body)
  end },

  { "keeps the quota in its home", function(here)
    assert.equal("file", ipc.facts(here.home .. "/quota/default").kind)
  end },

  { "goes on after a reload", function(here)
    here.reload()
    assert.equal(200, (example.enter(here, "good", "/metrics")))
    assert.equal(403, (example.enter(here, "revoked", "/metrics")))
  end },
}
