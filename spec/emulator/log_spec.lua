local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local log = require "certstat.emulator.log"

local call = {
  arrival_us = 1795494044348576, access_key_id = 'a"b', nonce = "N", action = "ListClientCertificate", serials = 50,
  status = 400, code = "Throttling.User", request_id = "R", duration_us = 120,
  faults = "latency,endless",
}
local line = '{"arrival_us":1795494044348576,"access_key_id":"a\\"b","nonce":"N","action":"ListClientCertificate",'
  .. '"serials":50,"http_status":400,"code":"Throttling.User","request_id":"R","duration_us":120,'
  .. '"faults":"latency,endless"}\n'

describe("the log", function()
  it("writes what is not known as null", function()
    assert.equal(line, log.line(call))
    assert.equal('{"arrival_us":1,"access_key_id":null,"nonce":null,"action":null,"serials":0,"http_status":200,'
      .. '"code":null,"request_id":null,"duration_us":0,"faults":null}\n',
      log.line { arrival_us = 1, status = 200, duration_us = 0 })
  end)

  it("appends each line at once", function()
    local folder = files.folder()
    finally(function() ipc.remove_folder(folder) end)
    local path = folder .. "/log"
    files.write(path, "before\n")
    local opened = assert(log.open(path))
    assert.is_true(opened:write(call))
    assert.equal("before\n" .. line, files.read(path))
    assert.is_true(opened:write(call))
    assert.equal("before\n" .. line .. line, files.read(path))
  end)

  it("says why it can't be opened or written", function()
    local opened, message = log.open("/nonexistent/log")
    assert.is_nil(opened)
    assert.equal("/nonexistent/log: No such file or directory", message)
    local ok
    ok, message = assert(log.open("/dev/full")):write(call)
    assert.is_nil(ok)
    assert.equal("No space left on device", message)
  end)
end)
