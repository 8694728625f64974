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

  it("waits as long as the loop is idle, and turns it", function()
    local told = {}
    plain.wait {
      net = { step = function(_, ns) table.insert(told, ns) end },
      idle_ns = function() return 7 end,
      turn = function() table.insert(told, "turn") end,
    }
    assert.same({ 7, "turn" }, told)
  end)

  it("runs a function at once", function()
    local ran = false
    plain.spawn(function() ran = true end)
    assert.is_true(ran)
  end)
end)
