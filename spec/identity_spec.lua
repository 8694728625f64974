local identity = require "certstat.identity"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local SECRET = "canary-secret"
local WALL = 1767323045 -- 2026-01-02T03:04:05Z

describe("a clock that is a day ahead", function()
  local folder, service
  local wall_ns = ipc.wall_ns

  setup(function()
    folder = files.folder()
    files.make_ca(folder, 4, 1)
    service = emulator.start { "--ca", folder .. "/ca/sub", "--listen", "127.0.0.1:0" }
  end)

  teardown(function()
    ipc.wall_ns = wall_ns
    emulator.stop(service)
    ipc.remove_folder(folder)
  end)

  it("costs one call more, and keeps no certificate from its answer", function()
    ipc.wall_ns = function() return wall_ns() + 86400e9 end
    local client = assert(require("certstat").client {
      endpoint = service.url, quota = require("certstat").quota(), getenv = function() end,
      credentials = { access_key_id = "demo", access_key_secret = "throw-away" },
    })
    local rows = 0
    for row in client:audit(client:certificates()) do
      assert.truthy(row.status == "good" or row.status == "revoked")
      rows = rows + 1
    end
    assert.equal(4, rows)
    local counters = client:counters()
    assert.equal(1, counters.retries)
    assert.truthy(math.abs(counters.clock_offset + 86400) <= 2)
    client:close()
  end)
end)

describe("certstat.identity", function()
  local wall_ns, seconds, now = ipc.wall_ns, nil, nil

  before_each(function()
    seconds, now = WALL, 0
    ipc.wall_ns = function() return seconds * 1e9 end
  end)

  after_each(function() ipc.wall_ns = wall_ns end)

  local function new(fields)
    fields = fields or {}
    fields.endpoint = fields.endpoint or { url = "https://cas.aliyuncs.com", host = "cas.aliyuncs.com" }
    fields.credentials = fields.credentials or { access_key_id = "id", access_key_secret = SECRET }
    fields.host = { now_ns = function() return now end }
    return assert(identity.new(fields))
  end

  local function sign(one)
    return one:sign { method = "POST", host = "h", path = "/", query = {}, headers = {}, action = "A",
      version = "2020-06-30" }
  end

  local function date_of(one, at)
    now = at
    return sign(one).headers["x-acs-date"]
  end

  it("signs by the machine's clock, with another nonce each time", function()
    local one, nonces = new { credentials = { access_key_id = "id", access_key_secret = SECRET,
      security_token = "token" } }, {}
    for _ = 1, 2 do
      local signed = sign(one)
      assert.equal("2026-01-02T03:04:05Z", signed.headers["x-acs-date"])
      assert.equal("token", signed.headers["x-acs-security-token"])
      nonces[signed.headers["x-acs-signature-nonce"]] = true
    end
    assert.truthy(next(nonces, next(nonces)))
  end)

  it("corrects its clock by a date that is between ten minutes and ten years off", function()
    local rows = {
      -- Date, offset
      { "Fri, 02 Jan 2026 03:04:05 GMT", nil },
      { "Fri, 02 Jan 2026 03:14:05 GMT", nil },
      { "Fri, 02 Jan 2026 03:14:06 GMT", 601 },
      { "Fri, 02 Jan 2026 02:54:05 GMT", nil },
      { "Fri, 02 Jan 2026 02:54:04 GMT", -601 },
      { "Mon, 31 Dec 2035 03:04:04 GMT", 10 * 365 * 86400 - 1 },
      { "Mon, 31 Dec 2035 03:04:05 GMT", nil },
      { "Thu, 05 Jan 2016 03:04:06 GMT", 1 - 10 * 365 * 86400 },
      { "Thu, 05 Jan 2016 03:04:05 GMT", nil },
      { "Friday, 02-Jan-26 05:04:05 GMT", nil },
      { "Fri Jan  2 05:04:05 2026", nil },
      { "Fri, 02 Jan 2026 05:04:05 GMT, Fri, 02 Jan 2026 05:04:05 GMT", nil },
      { "", nil },
      { nil, nil },
    }
    for _, row in ipairs(rows) do
      local one = new()
      assert.equal(row[2], one:correct_clock(row[1]))
      assert.equal(row[2] and 1 or 0, one.clock and 1 or 0)
    end
  end)

  it("follows that clock from then on, whatever happens to the machine's", function()
    local one = new()
    now = 5e9
    assert.equal(7200, one:correct_clock("Fri, 02 Jan 2026 05:04:05 GMT"))
    assert.equal("2026-01-02T05:04:05Z", date_of(one, 5e9))
    seconds = WALL + 3600
    assert.equal("2026-01-02T05:04:15Z", date_of(one, 15e9))
    assert.is_nil(one:correct_clock("Sat, 03 Jan 2026 05:04:05 GMT"))
    assert.equal("2026-01-02T05:04:25Z", date_of(one, 25e9))
  end)

  it("believes no date that somebody on the way could have written", function()
    local one = new { endpoint = { url = "http://cas.example.com", host = "cas.example.com" } }
    assert.is_nil(one:correct_clock("Fri, 02 Jan 2026 05:04:05 GMT"))
    one = new { endpoint = { url = "http://[::1]:80", host = "[::1]:80" } }
    assert.equal(7200, one:correct_clock("Fri, 02 Jan 2026 05:04:05 GMT"))
  end)

  it("signs with new credentials, once it has them", function()
    local one
    one = new { refresh = function()
      assert.is_true(one:is_renewing())
      assert.is_nil(one:renewed())
      one:renew() -- another one who waits: it is on its way
      return { access_key_id = "STS.other", access_key_secret = "another", security_token = "new" }
    end }
    one:renew() -- nobody has asked
    assert.is_false(one:is_renewing())
    assert.is_true(one:ask_renewal())
    assert.is_true(one:ask_renewal())
    one:renew()
    assert.is_false(one:is_renewing())
    assert.is_true(one:renewed())
    assert.is_nil(one:renewed())
    local signed = sign(one)
    assert.equal("new", signed.headers["x-acs-security-token"])
    assert.truthy(signed.headers.authorization:find("Credential=STS.other,", 1, true))
  end)

  it("keeps its credentials where there are no new ones", function()
    local rows = {
      { nil, "no credentials: tried environment" },
      { { access_key_id = "id", access_key_secret = "another" }, "those found are the same" },
      { { access_key_id = "other", access_key_secret = "" },
        "access key secret: expected 1 to 1024 bytes, found none" },
    }
    for _, row in ipairs(rows) do
      local one = new { refresh = function() return row[1], row[2] end }
      local credentials = one.credentials
      assert.is_true(one:ask_renewal())
      one:renew()
      assert.same({ false, row[2] }, { one:renewed() })
      assert.equal(credentials, one.credentials)
    end
    assert.is_false(new():ask_renewal())
  end)

  it("passes on an error of whoever brings them", function()
    local one = new { refresh = function() error("oops", 0) end }
    one:ask_renewal()
    assert.same({ false, "oops" }, { pcall(one.renew, one) })
    assert.same({ false, "given up after an error" }, { one:renewed() })
  end)

  it("gives up on whoever does not come back within a minute", function()
    local one = new { refresh = function() end }
    now = 1e9
    one:ask_renewal()
    now = 61e9
    assert.is_nil(one:renewed())
    now = 61e9 + 1
    assert.same({ false, "given up" }, { one:renewed() })
  end)

  it("says what is wrong with a secret, which it does not keep in sight", function()
    assert.same({ nil, "access key secret: expected 1 to 1024 bytes, found none", { class = "argument" } },
      { identity.new { endpoint = {}, host = {}, credentials = { access_key_id = "", access_key_secret = "" } } })
    local one = new()
    one:close()
    one:close()
  end)
end)
