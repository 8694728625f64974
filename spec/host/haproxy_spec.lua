local haproxy = require "certstat.host.haproxy"

describe("HAProxy", function()
  it("lets the others go on for a millisecond, also where there is nothing to wait for", function()
    local slept = {}
    rawset(_G, "core", { msleep = function(ms) slept[#slept + 1] = ms end })
    haproxy.pause({}, 1e9)
    haproxy.pause({}, 0)
    rawset(_G, "core", nil)
    assert.same({ 1, 1 }, slept)
  end)

  it("can wait", function()
    assert.is_true(haproxy.may_wait())
  end)
end)
