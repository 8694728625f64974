local credentials = require "certstat.credentials"
local identity = require "certstat.identity"
local session = require "certstat.credentials.session"
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local fake_fetch = require "spec.support.fake_fetch"
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

  local function keys(id, token)
    return credentials.new { access_key_id = id, access_key_secret = SECRET, security_token = token }
  end

  -- asked: what is found, in turn; the last one again and again
  local function new(fields)
    fields = fields or {}
    fields.endpoint = fields.endpoint or { url = "https://cas.aliyuncs.com", host = "cas.aliyuncs.com" }
    fields.host = { now_ns = function() return now end }
    local asked, fetch = fields.asked or { keys("id", "token") }, fake_fetch.new()
    fields.session = session.new {
      now_ns = fields.host.now_ns, random = function() return 0 end, fetch = fetch,
      ask = function()
        local found = asked[2] and table.remove(asked, 1) or asked[1]
        if type(found) == "string" then return nil, found, { class = "denied" } end
        return found
      end,
    }
    return identity.new(fields), fetch
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
    local one, nonces = new(), {}
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

  it("has nothing to sign with before there are credentials", function()
    local one, fetch = new { asked = { { continue = function() return keys("id", "token") end } } }
    assert.equal(5e6, one:wait_ns())
    assert.is_nil(one.credentials)
    one:advance()
    fetch:finish {}
    one:advance()
    assert.equal(0, one:wait_ns())
    assert.equal("token", sign(one).headers["x-acs-security-token"])
  end)

  it("says why there are none", function()
    assert.same({ n = 3, nil, "none", { class = "denied" } }, { n = 3, (new { asked = { "none" } }):wait_ns() })
  end)

  it("signs with new credentials, once it has them", function()
    local one = new { asked = { keys("id", "token"), keys("STS.other", "new") } }
    assert.is_nil(one:renewed()) -- nobody has asked
    one:ask_renewal()
    one:ask_renewal()
    assert.is_nil(one:renewed())
    one:advance()
    assert.is_true(one:renewed())
    assert.is_nil(one:renewed())
    local signed = sign(one)
    assert.equal("new", signed.headers["x-acs-security-token"])
    assert.truthy(signed.headers.authorization:find("Credential=STS.other,", 1, true))
  end)

  it("says where there are no new ones", function()
    local rows = {
      { "no credentials: tried environment", "no credentials: tried environment" },
      { keys("id", "token"), "the service refuses them, and those found anew are the same" },
    }
    for _, row in ipairs(rows) do
      local one = new { asked = { keys("id", "token"), row[1] } }
      one:ask_renewal()
      one:advance()
      assert.same({ false, row[2] }, { one:renewed() })
      assert.equal(row[2], (select(2, one:wait_ns())))
    end
  end)

  it("closes what it fetches with, also where it has nothing to sign with", function()
    local one, fetch = new { asked = { "none" } }
    one:close()
    assert.equal(1, fetch.closed)
    one = new()
    one:close()
    one:close()
  end)
end)
