local fake = require "spec.command.fake"

local ANSWERS = {
  ["084bde"] = { status = "good" },
  ["b67e"] = { status = "revoked", revoked_at = 1767323045 },
  ["01"] = { status = "unknown" },
  ["03"] = { status = "error", class = "network", code = "NoReply", message = "connection refused" },
}

local function run(argv, world)
  world = world or {}
  world.answers = world.answers or ANSWERS
  return fake.run(argv, world)
end

local HEADER = "SERIAL                                    STATUS   REVOKED AT            NOTE\n"

describe("certstat status", function()
  it("shows a row for each serial in the order given, also where one comes twice", function()
    local code, out, err = run { "status", "B6:7E", "084bde", "2", "b67e" }
    assert.equal(HEADER .. [[
B6:7E                                     revoked  2026-01-02T03:04:05Z
084bde                                    good     -
2                                         absent   -
b67e                                      revoked  2026-01-02T03:04:05Z
]], out)
    assert.equal([[
4 serials: 1 good, 2 revoked, 1 absent
2 calls, 2.5 serials a call, 0 throttled, 1 retry, 0.5 s
]], err)
    assert.equal(1, code)
  end)

  it("says no more than its row for one serial", function()
    local code, out, err = run { "status", "--quiet", "084bde" }
    assert.equal(HEADER .. "084bde                                    good     -\n", out)
    assert.equal("", err)
    assert.equal(0, code)
    code, out, err = run { "status", "084bde" }
    assert.equal(HEADER .. "084bde                                    good     -\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  local codes = {
    { 0, { "084bde", "084bde" } },
    { 1, { "084bde", "b67e", "01" } },
    { 2, { "084bde", "01" } },
    { 2, { "084bde", "5" } },
    { 2, { "084bde", "1,2" } },
    { 3, { "b67e", "3" } },
  }
  for _, case in ipairs(codes) do
    it(("exits with %d for %s"):format(case[1], table.concat(case[2], " ")), function()
      local argv = { "status" }
      for i, serial in ipairs(case[2]) do
        argv[i + 1] = serial
      end
      assert.equal(case[1], (run(argv)))
    end)
  end

  it("gives a row to what is no serial", function()
    local code, out = run { "status", "--format", "tsv", "1,2", "0", ("f"):rep(42), "--", "-5" }
    assert.equal(2, code)
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n"
      .. "1,2\t\tinvalid\t\targument\t\tserial number: expected one serial number, found ',' at character 2\n",
      out:match("^.-\n.-\n"))
    local rows = 0
    for status in out:gmatch("\n[^\t]*\t\t(%a+)\t") do
      assert.equal("invalid", status)
      rows = rows + 1
    end
    assert.equal(4, rows)
  end)

  it("reads the standard input", function()
    local code, out = run({ "status", "-", "--format", "csv" }, { stdin = "# two\n084bde\n\nb67e\n" })
    assert.equal("serial,key,status,revoked_at,class,code,message\r\n"
      .. "084bde,084bde,good,,,,\r\nb67e,b67e,revoked,2026-01-02T03:04:05Z,,,\r\n", out)
    assert.equal(1, code)
  end)

  it("reads a file of certificates", function()
    local code, out = run { "status", "--file", "spec/command/two.pem", "--format", "tsv" }
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n"
      .. "084bde9cd2\t084bde9cd2\tabsent\t\t\t\t\nb67e53eb\tb67e53eb\tabsent\t\t\t\t\n", out)
    assert.equal(2, code)
  end)

  it("keeps a damaged certificate's place among the rows", function()
    local file = io.open("spec/command/two.pem", "rb")
    local pem = file:read("*a")
    file:close()
    local cut = pem:gsub("%-%-%-%-%-END CERTIFICATE%-%-%-%-%-\n$", "")
    local code, out = run({ "status", "-", "--format", "tsv" }, { stdin = cut })
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n084bde9cd2\t084bde9cd2\tabsent\t\t\t\t\n"
      .. "-\t\tinvalid\t\targument\tInvalidInput\t'-:13: the certificate has no END line\n", out)
    assert.equal(2, code)
  end)

  local unusable = {
    { { "status" }, "no serial number given (see certstat status --help)" },
    { { "status", "-" }, "no serial number in the standard input" },
    { { "status", "--file", "/nonexistent" }, "/nonexistent: No such file or directory" },
    { { "status", "--file", "x", "1" }, "argument 'serial' can not be used together with option '--file'"
      .. " (see certstat status --help)" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local code, out, err = run(case[1])
      assert.equal(4, code)
      assert.equal("", out)
      assert.equal("certstat: " .. case[2] .. "\n", err)
    end)
  end

  it("exits with 5 where there are no credentials, and asks nothing", function()
    local code, out, err = run({ "status", "1" }, { refused = { "no credentials found", { class = "denied" } } })
    assert.equal(5, code)
    assert.equal("", out)
    assert.equal("certstat: no credentials found\n", err)
  end)

  it("exits with 5 where the service refuses all", function()
    local code, out, err = run({ "status", "1" }, { answers = { ["01"] = { status = "error", class = "denied",
      code = "NoPermission", message = "the service answered NoPermission (HTTP 403)" } } })
    assert.equal(5, code)
    assert.equal("", out)
    assert.equal("certstat: the service answered NoPermission (HTTP 403)\n", err)
  end)

  local REFUSED = { ["01"] = { status = "error", class = "denied", code = "NoPermission", message = "refused" } }

  it("has rows for programs also where the service refuses all", function()
    local code, out, err = run({ "status", "1", "--format", "csv" }, { answers = REFUSED })
    assert.equal("serial,key,status,revoked_at,class,code,message\r\n1,01,error,,denied,NoPermission,refused\r\n", out)
    assert.equal("certstat: refused\n", err)
    assert.equal(5, code)
  end)

  it("has nothing good in any format where the service refuses all", function()
    local shows = {
      junit = '<error type="denied" message="error: refused">', sarif = '"executionSuccessful":false',
      prometheus = 'certstat_certificates{status="error"} 1\n', markdown = "| 1 | error |  | refused |\n",
    }
    for format, expected in pairs(shows) do
      local _, out = run({ "status", "1", "--format", format }, { answers = REFUSED })
      assert.is_truthy(out:find(expected, 1, true), format)
    end
  end)

  it("exits with 3 where no answer came", function()
    local code, _, err = run({ "status", "1" }, { answers = { ["01"] = { status = "error", class = "deadline",
      message = "no answer within 60 s" } } })
    assert.equal(3, code)
    assert.equal("certstat: no answer within 60 s\n", err)
  end)

  it("exits with 3 where the rows can't be written", function()
    local full = fake.stream()
    function full.write()
      return nil, "No space left on device"
    end
    local code, _, err = run({ "status", "084bde" }, { stdout = full })
    assert.equal(3, code)
    assert.equal("certstat: cannot write to the standard output: No space left on device\n", err)
  end)

  describe("that is interrupted", function()
    -- signals come before the row with this number
    local function interrupted(at, argv)
      local rows = 0
      return run(argv, { hold_signals = function(hold)
        rows = rows + (hold and 0 or 1)
        if not hold and rows == at then
          error("loop.lua:1: interrupted!", 0)
        end
      end })
    end

    it("keeps what has been answered, and has an error row for the rest: exit 3", function()
      local code, out, err = interrupted(2,
        { "status", "b67e", "084bde", "02", "01", "1,2", "--format", "csv", "--quiet" })
      assert.equal("serial,key,status,revoked_at,class,code,message\r\n"
        .. "b67e,b67e,revoked,2026-01-02T03:04:05Z,,,\r\n"
        .. "084bde,084bde,good,,,,\r\n"
        .. "02,02,absent,,,,\r\n"
        .. "01,01,error,,closed,Closed,the client was closed\r\n"
        .. '"1,2",,invalid,,argument,,"serial number: expected one serial number, found \',\' at character 2"\r\n', out)
      assert.equal("certstat: interrupted\n", err)
      assert.equal(3, code)
    end)

    it("has a table of them, too", function()
      local code, out = interrupted(2, { "status", "084bde", "b67e", "02", "01" })
      assert.equal(HEADER
        .. "084bde                                    good     -\n"
        .. "b67e                                      revoked  2026-01-02T03:04:05Z\n"
        .. "02                                        absent   -\n"
        .. "01                                        error    -                     the client was closed\n", out)
      assert.equal(3, code)
    end)

    it("says no more than that where nothing has been answered", function()
      local code, out, err = interrupted(1, { "status", "1" })
      assert.equal("certstat: interrupted\n", err)
      assert.equal("", out)
      assert.equal(3, code)
    end)

    it("exits with 3 also behind the last row", function()
      local code, out, err = interrupted(2, { "status", "084bde", "--format", "prometheus" })
      assert.is_truthy(out:find("\ncertstat_run_whole 0\n", 1, true))
      assert.equal("certstat: interrupted\n", err)
      assert.equal(3, code)
    end)
  end)

  it("closes the client once", function()
    local world = {}
    run({ "status", "1" }, world)
    assert.equal(1, world.client.closed)
  end)

  it("colours a terminal", function()
    local _, out = run({ "status", "b67e" }, { terminals = { true } })
    assert.is_truthy(out:find("\27[31mrevoked\27[0m", 1, true))
    _, out = run({ "status", "--no-color", "b67e" }, { terminals = { true } })
    assert.is_nil(out:find("\27", 1, true))
  end)
end)
