local nginx = require "certstat.host.nginx"

describe("an nginx worker", function()
  local phase, slept

  before_each(function()
    slept = {}
    rawset(_G, "ngx", {
      get_phase = function() return phase end,
      sleep = function(seconds) slept[#slept + 1] = seconds end,
    })
  end)

  after_each(function() rawset(_G, "ngx", nil) end)

  -- https://github.com/openresty/lua-nginx-module#ngxget_phase
  it("can wait in the phases that yield", function()
    for _, name in ipairs {
      "ssl_client_hello", "ssl_cert", "ssl_session_fetch", "server_rewrite", "rewrite", "access", "content", "timer",
    } do
      phase = name
      assert.is_true(nginx.may_wait())
    end
  end)

  it("can't wait in the others, and says what to do", function()
    for _, name in ipairs {
      "init", "init_worker", "exit_worker", "ssl_session_store", "set", "balancer", "header_filter", "body_filter",
      "log", "one that is not known yet",
    } do
      phase = name
      local ok, message = nginx.may_wait()
      assert.is_nil(ok)
      assert.equal(("a call can't wait in nginx's %s phase: start it in a timer (ngx.timer.at)"):format(name), message)
    end
  end)

  it("looks again after a millisecond at most, and yields even where there is nothing to wait for", function()
    for _, ns in ipairs { 1e9, 1000000, 250000, 0 } do nginx.pause({}, ns) end
    assert.same({ 0.001, 0.001, 0.00025, 0 }, slept)
  end)
end)
