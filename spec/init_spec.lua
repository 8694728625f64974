local certstat = require "certstat"

-- Runs a script in an interpreter of its own and returns what it prints.
local function run(script)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(script)
  file:close()
  local process = assert(io.popen(("%s %s 2>&1"):format(os.getenv("LUA_EXE") or arg[-1], name)))
  local output = process:read("*a")
  process:close()
  os.remove(name)
  return output
end

describe("require 'certstat'", function()
  it("loads nothing else, and makes no global", function()
    assert.equal("certstat certstat.version ", run [[
      local globals, loaded = {}, {}
      for name in pairs(_G) do globals[name] = true end
      for name in pairs(package.loaded) do loaded[name] = true end
      require "certstat"
      local found = {}
      for name in pairs(_G) do if not globals[name] then found[#found + 1] = "global " .. name end end
      for name in pairs(package.loaded) do if not loaded[name] then found[#found + 1] = name end end
      table.sort(found)
      for _, name in ipairs(found) do io.write(name, " ") end
    ]])
  end)

  it("makes no global when it is used, either", function()
    assert.equal("", run [[
      local globals = {}
      for name in pairs(_G) do globals[name] = true end
      local certstat = require "certstat"
      certstat.serial("1234")
      certstat.sign { access_key_id = "id", access_key_secret = "secret" }
      certstat.verify { secret = "secret" }
      certstat.quota():take()
      for name in pairs(_G) do if not globals[name] then io.write("global ", name) end end
    ]])
  end)

  it("has its version", function()
    assert.truthy(certstat._VERSION:find("^%d+%.%d+%.%d+"))
    assert.equal(require "certstat.version", certstat._VERSION)
  end)
end)

describe("certstat.serial", function()
  it("gives the key and the form given", function()
    assert.same({ key = "084bde", given = "08:4B:DE" }, certstat.serial("08:4B:DE"))
    assert.same({ key = "31", given = "1" }, certstat.serial("1", "binary"))
  end)

  it("returns what is wrong", function()
    local none, message, info = certstat.serial("xyz")
    assert.is_nil(none)
    assert.equal("serial number: expected a hexadecimal digit, found 'x' at character 1", message)
    assert.same({ class = "argument", code = "InvalidSerialNumber" }, info)
    assert.error_matches(function() certstat.serial(1234) end, "string expected, got number")
  end)
end)

describe("certstat", function()
  it("passes on to the room that each function belongs to", function()
    assert.equal(0, (certstat.quota({ rate = 1 }):take()))
    assert.error_matches(function() certstat.sign {} end, "sign: expected access_key_id and access_key_secret")
    assert.error_matches(function() certstat.verify {} end, "verify: expected secret")
    assert.error_matches(function() certstat.client { unknown = true } end, "client: unknown option 'unknown'")
  end)
end)
