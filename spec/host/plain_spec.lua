local plain = require "certstat.host.plain"

describe("plain Lua", function()
  it("can wait", function()
    assert.is_true(plain.may_wait())
  end)

  it("waits in the transport, which wakes it", function()
    local waited = {}
    local net = { step = function(_, ns)
      waited[#waited + 1] = ns
      return true
    end }
    plain.pause(net, 5000000)
    plain.pause(net, 0)
    assert.same({ 5000000, 0 }, waited)
  end)
end)
