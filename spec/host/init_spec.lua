local host = require "certstat.host"

-- What host.detect() gives with these globals in place.
local function detect(globals)
  for name, value in pairs(globals) do rawset(_G, name, value) end
  local ok, found = pcall(host.detect)
  for name in pairs(globals) do rawset(_G, name, nil) end
  assert.is_true(ok, found)
  return found.name
end

local NGX = { get_phase = function() return "content" end }
local CORE = { msleep = function() end, register_task = function() end }

describe("host.detect", function()
  it("knows where it runs by the globals of that place", function()
    assert.equal("plain", detect {})
    assert.equal("nginx", detect { ngx = NGX })
    assert.equal("haproxy", detect { core = CORE })
    assert.equal("nginx", detect { ngx = NGX, core = CORE })
  end)

  it("reads in nginx what a call needs there", function()
    local read = 0
    package.loaded["ngx.semaphore"] = nil -- where it is installed, Lua 5.1 keeps that it could not be loaded
    package.preload["ngx.semaphore"] = function()
      read = read + 1
      return {}
    end
    detect { ngx = NGX }
    detect { ngx = NGX }
    package.preload["ngx.semaphore"], package.loaded["ngx.semaphore"] = nil, nil
    assert.equal(1, read)
  end)

  it("is not misled by others of these names", function()
    assert.equal("plain", detect { ngx = {}, core = {} })
    assert.equal("plain", detect { ngx = "x", core = 7 })
    assert.equal("plain", detect { core = { msleep = CORE.msleep } })
    assert.equal("plain", detect { core = { register_task = CORE.register_task } })
  end)

  it("finds globals that are inherited, as handlers have them in nginx on some LuaJITs", function()
    local before = getmetatable(_G)
    setmetatable(_G, { __index = { ngx = NGX } })
    local name = detect {}
    setmetatable(_G, before)
    assert.equal("nginx", name)
  end)

  it("does not stumble where reading an unknown global raises", function()
    local before = getmetatable(_G)
    setmetatable(_G, { __index = function(_, name) error("unknown global " .. name, 2) end })
    local plain, nginx = detect {}, detect { ngx = NGX }
    setmetatable(_G, before)
    assert.equal("plain", plain)
    assert.equal("nginx", nginx)
  end)

  it("gives hosts with the same functions", function()
    for _, name in ipairs { "plain", "nginx", "haproxy" } do
      local one = require("certstat.host." .. name)
      assert.equal(name, one.name)
      assert.equal(name ~= "plain", one.forks == true)
      assert.truthy(one.now_ns() > 0)
      assert.is_function(one.may_wait)
      assert.is_function(one.wait)
      assert.is_function(one.pause)
      assert.is_function(one.spawn)
    end
  end)
end)
