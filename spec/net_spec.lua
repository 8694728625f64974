local net = require "certstat.net"

local SECOND = 1000000000

local function raises(text, ...)
  local ok, message = pcall(...)
  assert.is_false(ok)
  assert.truthy(tostring(message):find(text, 1, true), ("%q has no %q"):format(tostring(message), text))
end

-- One request through `object` to its end: the kinds of its events, and the last of them.
local function finish(object, request)
  assert.is_true(object:start(request))
  local kinds = {}
  while true do
    assert.is_true(object:step(SECOND))
    for event in function() return object:collect() end do
      kinds[#kinds + 1] = event.kind
      if event.kind ~= "sent" then return table.concat(kinds, " "), event end
    end
  end
end

describe("net.new", function()
  it("takes a table or nothing", function()
    assert.equal(0, net.new():live())
    assert.equal(0, net.new({ body_limit = 10, header_limit = 10, allow_http = true }):live())
    raises("table expected, got string", net.new, "x")
    raises("field 'ca_file': expected a string, found boolean", net.new, { ca_file = true })
    raises("field 'connect_to': expected a string, found number", net.new, { connect_to = 1 })
    raises("field 'body_limit': expected a number, found string", net.new, { body_limit = "x" })
    raises("field 'body_limit': expected a size, found a negative number", net.new, { body_limit = -1 })
  end)

  it("names a CA file that can't be used", function()
    for _, make in ipairs { function(path) return net.new { ca_file = path } end, net.warm } do
      local object, message, info = make("/nonexistent.pem")
      assert.is_nil(object)
      assert.equal("can't read the CA file /nonexistent.pem: No such file or directory", message)
      assert.equal("argument", info.class)
    end
  end)
end)

describe("a transport with connect_to", function()
  it("goes to that address, whatever the URL names", function()
    local object = net.new { connect_to = "127.0.0.1:1" }
    local kinds, event = finish(object, { id = 1, method = "GET", url = "https://cas.test/" })
    assert.equal("failed", kinds)
    assert.equal("cas.test at 127.0.0.1:1: can't connect: Connection refused", event.message)
  end)

  it("takes no name", function()
    local object, message, info = net.new { connect_to = "localhost:443" }
    assert.is_nil(object)
    assert.equal("connect_to: expected ADDRESS or ADDRESS:PORT, an IPv6 address in brackets, found 'localhost:443'",
      message)
    assert.equal("argument", info.class)
  end)
end)

describe("a transport", function()
  it("checks what it is asked to start", function()
    local object = net.new()
    raises("table expected", object.start, object)
    raises("field 'id': expected a number, 0 or more", object.start, object, {})
    raises("field 'id': expected a number, 0 or more", object.start, object, { id = -1 })
    raises("field 'url': expected a string, found number", object.start, object, { id = 1, url = 1 })
    raises("field 'idle_ns': expected a number, found table", object.start, object, { id = 1, idle_ns = {} })
    raises("field 'headers': expected a table, found string", object.start, object, { id = 1, headers = "x" })
    for _, header in ipairs { "x", {}, { "a" }, { "a", 1 }, { 1, "a" } } do
      raises("headers[2]: expected {name, value}, two strings", object.start, object,
        { id = 1, headers = { { "a", "b" }, header } })
    end
    raises("expected 0 or more", object.step, object, -1)
    raises("number expected", object.drop, object, "x")
    assert.equal(0, object:live())
  end)

  it("returns what may not be sent", function()
    local object = net.new()
    local rows = {
      { { id = 1, method = "GET", url = "http://cas.test/?Signature=canary" },
        "url: plain http to cas.test is not allowed, only to 127.0.0.0/8, [::1] and 100.100.100.200" },
      { { id = 1, method = "GET" }, "url: expected https:// or http://" },
      { { id = 1, url = "http://127.0.0.1/" }, "method: expected a word of 1 to 31 characters, such as POST" },
      { { id = 1, method = "GET", url = "http://127.0.0.1/", headers = { { "a", "canary\0" } } },
        "header: the value has a control character" },
      { { id = 1, method = "GET", url = "http://127.0.0.1/", total_ns = -1 }, "a limit of time is negative" },
    }
    for _, row in ipairs(rows) do
      local started, message, info = object:start(row[1])
      assert.is_nil(started)
      assert.equal(row[2], message)
      assert.equal("argument", info.class)
    end
  end)

  it("fails what nobody answers", function()
    local object = net.new()
    -- port 1 (tcpmux) needs root to listen on, and nobody has it
    local kinds, event = finish(object, { id = 7, method = "GET", url = "http://127.0.0.1:1/" })
    assert.equal("failed", kinds)
    assert.same({
      kind = "failed", id = 7, sent_ns = 0, left_ns = 0, first_byte_ns = 0, done_ns = event.done_ns, http_status = 0,
      http_version = 0, new_connection = false, too_late = false, class = "network",
      message = "127.0.0.1:1: can't connect: Connection refused",
    }, event)
    kinds, event = finish(object, { id = 8, method = "GET", url = "http://127.0.0.1:1/", not_after_ns = 1 })
    assert.equal("failed", kinds)
    assert.is_true(event.too_late)
    assert.equal("deadline", event.class)
  end)

  it("drops, and says when to step", function()
    local object = net.new()
    assert.is_true(object:idle_ns() > 1e18)
    object:start { id = 1, method = "GET", url = "http://127.0.0.1:1/" }
    assert.equal(0, object:idle_ns())
    assert.equal(1, object:live())
    assert.same({ 0, 0 }, { object:ready() })
    object:drop(2)
    assert.equal(1, object:live())
    object:drop(1)
    assert.equal(0, object:live())
    assert.is_true(object:step())
    assert.is_nil(object:collect())
    assert.is_true(object:fd() > 2)
  end)

  it("is closed once, and then unusable", function()
    local object = net.new()
    object:start { id = 1, method = "GET", url = "http://127.0.0.1:1/" }
    object:step()
    object:close()
    object:close()
    for _, method in ipairs { "start", "step", "collect", "live", "idle_ns", "fd", "drop", "ready" } do
      raises("is closed", object[method], object, 1)
    end
    assert.is_nil(tostring(object):find("127.0.0.1", 1, true))
  end)
end)

describe("a TLS server", function()
  local folder, url, server -- which is ended if nobody holds it

  -- openssl serves the file `reply` as it is, to two connections and for 20 s at most
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    server = assert(io.popen(([[
      unset LD_PRELOAD
      mkdir -m 700 %s && cd %s || exit
      printf 'HTTP/1.1 200 OK\r\nX-List: a\r\nSet-B: 1\r\nx-list: b, c\r\nContent-Length: 3\r\n\r\nh\0i' > reply
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem -days 1 \
        -subj /CN=test -addext subjectAltName=IP:127.0.0.1 2> /dev/null
      exec timeout 20 openssl s_server -accept 127.0.0.1:0 -naccept 2 -HTTP -key key.pem -cert ca.pem 2>&1
    ]]):format(folder, folder)))
    for line in server:lines() do
      local port = line:match("^ACCEPT 127%.0%.0%.1:(%d+)")
      if port then
        url = "https://127.0.0.1:" .. port .. "/reply"
        return
      end
    end
    error("openssl s_server did not start")
  end)

  teardown(function()
    os.execute("rm -r " .. folder)
    server:close()
  end)

  local request = { id = 3, method = "GET", headers = { { "Host", "test" }, { "X-Empty", "" } } }

  it("is refused where its CA is unknown", function()
    request.url = url
    local kinds, event = finish(net.new(), request)
    assert.equal("failed", kinds)
    assert.equal("network", event.class)
    assert.equal(url:match("//(.-)/") .. ": TLS: the certificate was refused: self-signed certificate",
      event.message)
    assert.equal("tls", event.refused)
    assert.equal(0, event.sent_ns)
  end)

  it("is answered by a reply with its headers joined", function()
    request.url = url
    assert.is_true(net.warm(folder .. "/ca.pem"))
    local object = assert(net.new { ca_file = folder .. "/ca.pem" })
    assert.same({ 0, 0 }, { object:ready() })
    local kinds, event = finish(object, { id = 4, method = "GET", url = url, connect_only = true, describe = true })
    assert.equal("connected", kinds)
    local facts = event.facts
    event.facts = nil
    assert.is_true(facts.secured_ns > facts.connected_ns and facts.connected_ns >= facts.resolved_ns)
    assert.is_true(facts.resolved_ns > 1e9)
    assert.same({ "127.0.0.1", "TLSv1.3" }, { facts.address, facts.tls_version })
    assert.is_truthy(facts.chain:find("^%-%-%-%-%-BEGIN CERTIFICATE"))
    assert.same({ kind = "connected", id = 4, sent_ns = 0, left_ns = 0, new_connection = true }, event)
    assert.same({ 1, 0 }, { object:ready() })
    kinds, event = finish(object, request)
    assert.equal("sent reply", kinds)
    assert.is_false(event.new_connection)
    assert.equal(3, event.id)
    assert.equal(200, event.http_status)
    assert.equal(11, event.http_version)
    assert.equal("h\0i", event.body)
    assert.same({ ["x-list"] = "a, b, c", ["set-b"] = "1", ["content-length"] = "3" }, event.headers)
    assert.is_nil(event.message)
    assert.is_true(event.sent_ns <= event.left_ns)
    assert.is_true(event.sent_ns <= event.first_byte_ns and event.first_byte_ns <= event.done_ns)
    assert.equal(0, object:live())
    object:close()
  end)
end)
