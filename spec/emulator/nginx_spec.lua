local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local nginx = require "certstat.emulator.nginx"

describe("nginx.search", function()
  it("finds a module's file in a package path", function()
    assert.equal("spec/emulator/files.lua", nginx.search("spec.emulator.files", "./x/?.lua;?.lua"))
    local file, looked = nginx.search("certstat.none", "x/?.lua;y/?/init.lua")
    assert.is_nil(file)
    assert.equal("x/certstat/none.lua, y/certstat/none/init.lua", looked)
  end)
end)

describe("nginx.twins", function()
  for file, expected in pairs {
    ["build/5.4/certstat/core.so"] = { "build/5.1/certstat/core.so", "build/5.4/certstat/nginx/certstat/core.so" },
    ["5.4/certstat/core.so"] = { "5.1/certstat/core.so", "5.4/certstat/nginx/certstat/core.so" },
    ["/b/5.1/certstat/core.so"] = { "/b/5.1/certstat/core.so", "/b/5.1/certstat/nginx/certstat/core.so" },
    ["build/jit/certstat/core.so"] = { "build/5.1/certstat/core.so", "build/jit/certstat/nginx/certstat/core.so" },
    ["build/5.4-clang/certstat/core.so"] = { "build/5.1/certstat/core.so", "build/5.1-clang/certstat/core.so",
      "build/5.4-clang/certstat/nginx/certstat/core.so" },
    ["build/jit-asan/certstat/core.so"] = { "build/5.1/certstat/core.so", "build/5.1-asan/certstat/core.so",
      "build/jit-asan/certstat/nginx/certstat/core.so" },
    ["/opt/certstat/core.so"] = { "/opt/certstat/nginx/certstat/core.so" },
    ["/usr/lib/x86_64-linux-gnu/lua/5.3/cjson.so"] = { "/usr/lib/x86_64-linux-gnu/lua/5.1/cjson.so" },
    ["/5.3/lib/lua/5.4/cjson.so"] = { "/5.3/lib/lua/5.1/cjson.so" },
    ["/usr/lib/lua/cjson.so"] = {},
  } do
    it("of " .. file, function() assert.same(expected, nginx.twins(file)) end)
  end
end)

describe("nginx.find", function()
  it("derives nginx's package paths from the running Lua's", function()
    local found = assert(nginx.find(package.path, package.cpath))
    assert.is_truthy(found.program:find("/nginx$"))
    assert.equal(2, #found.modules)
    assert.is_truthy(found.lua_path:find("lua_module/%?%.lua;.*lua_module/%?/init%.lua$"))
    assert.is_truthy(found.lua_cpath:find("/5%.1[^/]*/%?%.so;"))
  end)

  it("says what is missing", function()
    local folder = files.folder()
    finally(function() ipc.remove_folder(folder) end)
    files.shell("mkdir -p " .. folder .. "/5.4/certstat && touch " .. folder .. "/5.4/certstat/core.so")
    local found, message = nginx.find(package.path, folder .. "/5.4/?.so")
    assert.is_nil(found)
    assert.equal(("nginx needs certstat.core for Lua 5.1, beside %s/5.4/certstat/core.so (`make` builds it); "
      .. "looked for %s/5.1/certstat/core.so, %s/5.4/certstat/nginx/certstat/core.so"):format(
      folder, folder, folder), message)
    found, message = nginx.find(package.path, folder .. "/?.so")
    assert.is_nil(found)
    assert.equal(("module certstat.core is not found; looked for %s/certstat/core.so"):format(folder), message)
    found, message = nginx.find(folder .. "/?.lua", package.cpath)
    assert.is_nil(found)
    assert.equal(("certstat.emulator.worker is not found; looked for %s/certstat/emulator/worker.lua"):format(folder),
      message)
  end)
end)

describe("nginx.configuration", function()
  local function found()
    return { modules = { "/m/a.so", "/m/b.so" }, lua_path = "l/?.lua;l/?/init.lua", lua_cpath = "b/5.1/?.so" }
  end

  it("holds what it is given", function()
    local text = assert(nginx.configuration(found(), "/tmp/x", "127.0.0.1:8080", false))
    for _, line in ipairs {
      'pid "/tmp/x/nginx.pid";', 'load_module "/m/a.so";\nload_module "/m/b.so";\n',
      'lua_package_path "l/?.lua;l/?/init.lua;;";', 'lua_package_cpath "b/5.1/?.so;;";', "listen 127.0.0.1:8080;",
      'worker").load("/tmp/x")',
    } do
      assert.is_truthy(text:find(line, 1, true), line)
    end
    assert.is_nil(text:find("user root", 1, true))
    assert.is_nil(text:find("%%%("))
    assert.is_truthy(nginx.configuration(found(), "/tmp/x", "127.0.0.1:8080", true):find("user root;\n", 1, true))
    assert.is_truthy(nginx.configuration(found(), "/tmp/x", "[::1]:8080", false):find("listen [::1]:8080;", 1, true))
  end)

  it("speaks TLS with HTTP/2 where it is told to", function()
    assert.is_nil(nginx.configuration(found(), "/tmp/x", "127.0.0.1:8080", false, false):find("ssl", 1, true))
    local text = nginx.configuration(found(), "/tmp/x", "127.0.0.1:8080", false, true)
    assert.is_truthy(text:find('listen 127.0.0.1:8080 ssl http2;\n    ssl_certificate "/tmp/x/server.pem";', 1, true))
  end)

  it("has its control socket in its folder, where a socket's name has room", function()
    assert.is_truthy(nginx.configuration(found(), "/tmp/x", "127.0.0.1:8080", false):find(
      'listen "unix:/tmp/x/control";', 1, true))
    assert.is_string((nginx.configuration(found(), "/" .. ("x"):rep(98), "127.0.0.1:8080", false)))
    local text, message = nginx.configuration(found(), "/" .. ("x"):rep(99), "127.0.0.1:8080", false)
    assert.is_nil(text)
    assert.equal("a socket's path has at most 107 bytes: /" .. ("x"):rep(99) .. "/control", message)
  end)

  for _, strange in ipairs { '"', "'", "$", ";", "{", "}", "\\", "\n", "#", "?", "%", "é" } do
    it(("refuses a folder with '%s'"):format((strange:gsub("\n", "\\n"))), function()
      local text, message = nginx.configuration(found(), "/tmp/x" .. strange, "127.0.0.1:8080", false)
      assert.is_nil(text)
      assert.equal(1, message:find("nginx's configuration can't hold /tmp/x", 1, true))
    end)
  end

  it("refuses strange characters in every other value", function()
    for name in pairs { lua_path = 1, lua_cpath = 1 } do
      local given = found()
      given[name] = '/x"/?.lua'
      assert.is_nil((nginx.configuration(given, "/tmp/x", "127.0.0.1:8080", false)))
    end
    local given = found()
    given.modules[2] = "/m/b;.so"
    assert.is_nil((nginx.configuration(given, "/tmp/x", "127.0.0.1:8080", false)))
    assert.is_nil((nginx.configuration(found(), "/tmp/x", "127.0.0.1:80;", false)))
  end)
end)
