local encode = require "certstat.emulator.encode"
local errors = require "certstat.emulator.errors"

local function text(...)
  local status, shape, values = errors.reply(...)
  local reply = { format = "json", shape = shape, values = values }
  return status, table.concat((encode.reply(reply, function() end))):gsub("\\/", "/")
end

describe("errors.reply", function()
  it("has the service's shape", function()
    local status, body = text("Throttling.User", "ID", "127.0.0.1:8080")
    assert.equal(400, status)
    assert.equal('{"RequestId":"ID","HostId":"127.0.0.1:8080","Code":"Throttling.User",'
      .. '"Message":"Request was denied due to user flow control.",'
      .. '"Recommend":"https://api.aliyun.com/troubleshoot?q=Throttling.User&product=cas&requestId=ID"}', body)
  end)

  it("takes another message", function()
    local _, body = text("InvalidParameter", "ID", "", "ShowSize is not valid.")
    assert.is_truthy(body:find('"Message":"ShowSize is not valid."', 1, true))
  end)
end)
