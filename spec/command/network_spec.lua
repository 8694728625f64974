--- The command on the ways that lead to a service.
local emulator = require "spec.emulator.emulator"
local ipc = require "certstat.ipc"
local program = require "spec.command.program"

describe("certstat finds its way", function()
  local here, serial

  setup(function()
    here = program.new(1, 0)
    serial = next(here:database())
  end)

  teardown(function()
    here:close()
  end)

  it("to an IPv6 address", function()
    local listener, message = ipc.listen("::1", 0)
    if not listener then -- a machine without IPv6
      assert.truthy(message:find("^listen on %[::1%]:0: "), message)
      return
    end
    listener:close()
    local there = emulator.start { "--ca", here.folder .. "/ca/sub", "--listen", "[::1]:0", "--tls" }
    finally(function()
      emulator.stop(there)
    end)
    assert.truthy(there.url:find("^https://%[::1%]:%d+$"), there.url)
    local status, out, err = here:run(("certstat status --endpoint %s --ca-file %s --format tsv --quiet %s"):format(
      there.url, there.ca, serial))
    assert.equal(("\n%s\t%s\tgood\t"):format(serial, serial), out:match("\n%x+\t%x+\t%l+\t"))
    assert.equal("", err)
    assert.equal(0, status)
  end)
end)
