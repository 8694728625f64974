--- The command on the ways that lead to a service: what it says where one is closed, and that it finds those that are
-- open.
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local program = require "spec.command.program"

local LONG_MS = 30000
local PASSWORD = "Canary-of-the-proxy"
local OPERATION = "DescribeClientCertificateStatusForSerialNumber: "

describe("certstat finds its way", function()
  local here, secure, serial, proxy, port

  -- What the proxy has printed since the last time; it prints a line before it answers.
  local function printed()
    local text = ""
    repeat
      local kind, value = proxy:wait(text == "" and LONG_MS or 0)
      text = text .. (kind == "output" and value or "")
    until kind ~= "output"
    return text
  end

  setup(function()
    here = program.new(1, 0)
    serial = next(here:database())
    secure = emulator.start { "--ca", here.folder .. "/ca/sub", "--tls" }
    local node = files.shell("command -v node"):gsub("\n", "")
    proxy = assert(ipc.spawn {
      argv = { node, "spec/support/proxy.js", "me:" .. PASSWORD }, env = {}, output = true, parent_signal = 9,
    })
    port = tonumber(printed())
  end)

  teardown(function()
    proxy:close()
    emulator.stop(secure)
    here:close()
  end)

  -- Asks a service about one certificate. Returns the exit status, the row without the serial, and what else was said.
  local function ask(url, ca, env)
    local status, out, err = here:run(("certstat status --endpoint %s %s --format tsv --quiet %s"):format(
      url, ca and "--ca-file " .. ca or "", serial), env)
    return status, out:match(("\n%s\t%s\t([^\n]*)\n"):format(serial, serial)), err
  end

  local GOOD = "good\t\t\t\t"

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
    assert.same({ 0, GOOD, "" }, { ask(there.url, there.ca) })
  end)

  -- How a command ends that can ask nobody: the exit status, class and code of the row, and the line that says why,
  -- in which HOST and PROXY stand for where those are.
  local function closed(url, ca, env)
    local status, row, err = ask(url, ca, env)
    local class, code, message = row:match("^error\t\t(%l+)\t(%a*)\t(.*)$")
    assert.equal("certstat: " .. message .. "\n", err)
    message = message:gsub(url:match("//(.*)$"):gsub("%p", "%%%0"), "HOST"):gsub("127%.0%.0%.1:%d+", "PROXY")
    return { status, class, code, message:sub(#OPERATION + 1) }
  end

  it("and says at once where it trusts nobody there", function()
    assert.same({ 3, "network", "TLSRefused",
      "HOST: TLS: the certificate is from an unknown CA: unable to get local issuer certificate" }, closed(secure.url))
    assert.same({ 3, "network", "TLSRefused", "HOST: TLS: found another protocol: wrong version number" },
      closed("https://" .. here.emulator.host))
  end)

  -- A name, as an address of this machine is never asked through a proxy.
  local function named() return (secure.url:gsub("127%.0%.0%.1", "localhost")) end

  local function through(password, name)
    return { [name or "https_proxy"] = ("http://me:%s@127.0.0.1:%d"):format(password, port) }
  end

  it("through a proxy", function()
    for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy" } do
      assert.same({ 0, GOOD, "" }, { ask(named(), secure.ca, through(PASSWORD, name)) })
      -- a second one where the first, opened ahead, was lost unused: libcurl 7.88 takes one of HTTP/2 for dead over
      -- which nothing but session tickets have come (http2_connisdead in lib/http2.c)
      local line = named():match("//(.*)$") .. " 200\n"
      local text = printed()
      assert.is_true(text == line or text == line .. line, text)
    end
  end)

  it("past a proxy to this machine, and to what NO_PROXY names", function()
    local env = { https_proxy = "http://127.0.0.1:1", http_proxy = "http://127.0.0.1:1" }
    assert.same({ 0, GOOD, "" }, { ask(secure.url, secure.ca, env) })
    assert.same({ 0, GOOD, "" }, { ask(here.emulator.url, nil, env) })
    env.NO_PROXY = "example.com,localhost"
    assert.same({ 0, GOOD, "" }, { ask(named(), secure.ca, env) })
  end)

  it("and says what keeps a proxy from opening it", function()
    local by = "HOST through the proxy PROXY: "
    assert.same({ 5, "denied", "ProxyRefused",
      by .. "the proxy answered HTTP 407: it wants another user name and password" },
      closed(named(), secure.ca, through("Canary")))
    assert.same({ 5, "denied", "ProxyRefused", by .. "the proxy answered HTTP 403" },
      closed("https://cas.test:8443", secure.ca, through(PASSWORD)))
    assert.same({ 3, "network", "NoReply", by .. "the proxy answered HTTP 502 (tried 4 times)" },
      closed("https://localhost:1", secure.ca, through(PASSWORD)))
    local env = { https_proxy = "ftp://me:" .. PASSWORD .. "@127.0.0.1" }
    assert.same({ 3, "argument", "", "https_proxy: expected the URL of a proxy, such as http://HOST:PORT" },
      closed(named(), secure.ca, env))
  end)
end)
