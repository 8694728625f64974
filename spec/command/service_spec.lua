local service = require "certstat.command.service"

-- A client as certstat.client gives it; unready: what its ready ends with.
local function new_client(fields)
  fields = fields or {}
  fields.warnings = fields.warnings or {}
  function fields.ready()
    if fields.unready then
      return nil, fields.unready[1], fields.unready[2]
    end
    table.insert(fields.warnings, fields.later)
    return true
  end
  function fields.close()
    fields.closed = true
  end
  return fields
end

-- Opens with a client that is `result`. Returns what service.open returns, what the client was given, what was said.
local function open(arguments, result)
  local said, given = {}, nil
  local environment = {
    getenv = function() end,
    say = function(message)
      said[#said + 1] = message
    end,
    client = function(options)
      given = options
      return result[1], result[2], result[3]
    end,
  }
  local client, second = service.open(arguments, environment)
  return client, second, given, said, environment
end

describe("command.service", function()
  it("hands the options over in the client's units", function()
    local result = new_client()
    local client, asked, given, _, environment = open({
      endpoint = "https://a", region = "r", network = "vpc", profile = "p", ca_file = "c", allow_http = true,
      timeout = 1.5, qps = 5, guard = 250, batch = 7, home = "h", account = "a",
    }, { result })
    assert.equal(result, client)
    assert.same({ calls = 0, serials = 0 }, asked)
    assert.same({
      endpoint = "https://a", region = "r", network = "vpc", profile = "p", ca_file = "c", allow_http = true,
      timeout = 1.5, qps = 5, guard = 0.25, batch = 7, home = "h", account = "a", getenv = environment.getenv,
      on_call = given.on_call, on_wait = given.on_wait,
    }, given)
  end)

  it("leaves out what was not said", function()
    local _, _, given, _, environment = open({}, { new_client() })
    assert.same({ getenv = environment.getenv, on_call = given.on_call, on_wait = given.on_wait }, given)
  end)

  it("tells who has asked to know that a call is waited for", function()
    local _, _, given, _, environment = open({}, { new_client() })
    local waits = 0
    given.on_wait()
    function environment.on_wait()
      waits = waits + 1
    end
    given.on_wait()
    assert.equal(1, waits)
  end)

  it("says why there is no client, and gives the exit code", function()
    local client, code, _, said = open({}, { nil, "no credentials", { class = "denied" } })
    assert.is_nil(client)
    assert.equal(5, code)
    assert.same({ "no credentials" }, said)
    client, code = open({}, { nil, "no URL", { class = "argument" } })
    assert.is_nil(client)
    assert.equal(4, code)
  end)

  it("says why the client can't be used, and closes it", function()
    local client = new_client({ unready = { "no credentials", { class = "denied" } }, warnings = { "one" } })
    local opened, code, _, said = open({}, { client })
    assert.is_nil(opened)
    assert.equal(5, code)
    assert.same({ "one", "no credentials" }, said)
    assert.is_true(client.closed)
  end)

  it("says what the client warns of", function()
    local client, _, _, said = open({}, { new_client({ warnings = { "one" }, later = "two" }) })
    assert.is_truthy(client)
    assert.same({ "one", "two" }, said)
  end)

  it("counts the calls that ask about serials", function()
    local _, asked, given, said = open({}, { new_client() })
    given.on_call({ operation = "ListClientCertificate", serials = 0, attempt = 1 })
    given.on_call({ operation = "X", serials = 50, attempt = 1 })
    given.on_call({ operation = "X", serials = 7, attempt = 1 })
    assert.same({ calls = 2, serials = 57 }, asked)
    assert.same({}, said)
  end)

  it("says that the clock is wrong when an answer shows it", function()
    local _, _, given, said = open({}, { new_client() })
    given.on_call({ operation = "X", serials = 1, attempt = 1, clock_offset = 3725 })
    given.on_call({ operation = "X", serials = 1, attempt = 2 })
    assert.equal(1, #said)
    assert.equal("this machine's clock is 1 h 2 min behind the service's; its calls are dated by the service's",
      said[1])
    assert.equal("this machine's clock is 1 d 0 h ahead of the service's; its calls are dated by the service's",
      service.clock_line(-86400))
  end)

  it("says a line for each call with --verbose", function()
    local _, _, given, said = open({ verbose = true }, { new_client() })
    given.on_call({ operation = "ListClientCertificate", serials = 0, attempt = 1, http_status = 200,
      sent_ns = 1e9, done_ns = 1012000000 })
    given.on_call({ operation = "X", serials = 1, attempt = 2, http_status = 400, code = "Throttling",
      sent_ns = 1e9, done_ns = 1000600000 })
    given.on_call({ operation = "X", serials = 50, attempt = 1, code = "NoReply", sent_ns = 0, done_ns = 0 })
    assert.same({
      "ListClientCertificate, HTTP 200, 12 ms",
      "X, 1 serial, attempt 2, HTTP 400, Throttling, 1 ms",
      "X, 50 serials, no reply, NoReply",
    }, said)
  end)
end)
