local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local strict = require "spec.report.strict"

local ANSWERS = {
  ["084bde"] = { status = "good" },
  ["b67e"] = { status = "revoked", revoked_at = 1767323045 },
}
local LISTED = { { serial = "084bde", identifier = "i1" }, { serial = "b67e", identifier = "i2" } }

local HEADER = "SERIAL                                    STATUS   REVOKED AT            NOTE\n"
local COST = "2 calls, 2.5 serials a call, 0 throttled, 1 retry, 0.5 s\n"

local function run(argv, world)
  world = world or {}
  world.answers = ANSWERS
  local code, out, err = fake.run(argv, world)
  return code, out, (err:gsub("retry, %d+%.%d s\n", "retry, 0.5 s\n")) -- the clock goes on whenever it is read
end

local function contents(path)
  local file = io.open(path, "rb")
  if file then
    local text = file:read("*a")
    file:close()
    return text
  end
end

describe("certstat audit", function()
  local path = os.tmpname()

  before_each(function()
    os.remove(path)
    os.remove(path .. ".part")
  end)

  teardown(function()
    os.remove(path)
    os.remove(path .. ".part")
  end)

  it("asks about what the service lists", function()
    local code, out, err = run({ "audit" }, { certificates = LISTED })
    assert.equal(HEADER .. [[
084bde                                    good     -
b67e                                      revoked  2026-01-02T03:04:05Z
]], out)
    assert.equal("2 serials: 1 good, 1 revoked\n" .. COST, err)
    assert.equal(1, code)
  end)

  it("shows a certificate that is listed without a serial", function()
    local code, out = run({ "audit", "--from", "list", "--format", "tsv" },
      { certificates = { { serial = "084bde" }, { serial = "", identifier = "i9" }, { serial = "b67e" } } })
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n084bde\t084bde\tgood\t\t\t\t\n"
      .. "\t\tinvalid\t\tprotocol\tNoSerialNumber\tthe service lists this certificate without a serial number: i9\n"
      .. "b67e\tb67e\trevoked\t2026-01-02T03:04:05Z\t\t\t\n", out)
    assert.equal(1, code)
  end)

  it("is whole where the service lists nothing", function()
    local code, out, err = run({ "audit", "--format", "json" })
    assert.equal("[]\n", out)
    assert.equal("0 serials\n" .. COST, err)
    assert.equal(0, code)
  end)

  it("reads the standard input and keeps its order", function()
    local code, out = run({ "audit", "--from", "-", "--format", "tsv", "--quiet" },
      { stdin = "1,2\n08:4B:DE\n# comment\n5\nB67E\n5\nx\n" })
    local rows = {}
    for serial, status in out:gmatch("\n([^\t]*)\t[^\t]*\t(%a+)") do
      rows[#rows + 1] = serial .. " " .. status
    end
    assert.same({ "1,2 invalid", "08:4B:DE good", "5 absent", "B67E revoked", "5 absent", "x invalid" }, rows)
    assert.equal(1, code)
  end)

  it("reads certificates", function()
    local _, out = run { "audit", "--from", "spec/command/two.pem", "--format", "csv" }
    assert.equal("serial,key,status,revoked_at,class,code,message\r\n084bde9cd2,084bde9cd2,absent,,,,\r\n"
      .. "b67e53eb,b67e53eb,absent,,,,\r\n", out)
  end)

  it("writes the columns that are chosen", function()
    local argv = { "audit", "--from", "-", "--format", "tsv", "--columns", "source,status,checked_at,run", "--quiet" }
    local _, out = run(argv, { stdin = "084bde\nx\n", checked_at = 1767323045 })
    assert.equal("source\tstatus\tchecked_at\trun\n-:1\tgood\t2026-01-02T03:04:05Z\t\n-:2\tinvalid\t\t\n", out)
  end)

  it("has the moment of each answer kept only where it is shown", function()
    for chosen, kept in pairs { ["serial,status"] = false, ["status,checked_at"] = true } do
      local world = { stdin = "084bde\n" }
      run({ "audit", "--from", "-", "--columns", chosen, "--quiet" }, world)
      assert.equal(kept, world.clock ~= nil)
    end
    local world = { stdin = "084bde\n" }
    run({ "audit", "--from", "-", "--quiet" }, world)
    assert.is_nil(world.clock)
  end)

  local unusable = {
    { { "--columns", "serial,colour" }, "--columns: expected some of serial,key,status,revoked_at,class,code,message,"
      .. "source,checked_at,run,identifier,type,subject,not_before,not_after, found 'colour' "
      .. "(see certstat audit --help)" },
    { { "--from", "/nonexistent" }, "/nonexistent: No such file or directory" },
    { { "--from", "-" }, "no serial number in the standard input" },
    { { "--output", "/nonexistent/report" }, "/nonexistent/report.part: No such file or directory" },
    { { "--batch", "0" }, "--batch: expected a whole number from 1 to 1000, found '0' (see certstat audit --help)" },
    { { "--format", "xml" }, "argument for option '--format' must be one of 'table', 'csv', 'tsv', 'ndjson', 'json', "
      .. "'markdown', 'junit', 'sarif', 'prometheus' (see certstat audit --help)" },
    { { "more" }, "too many arguments (see certstat audit --help)" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local argv = { "audit" }
      for _, argument in ipairs(case[1]) do
        argv[#argv + 1] = argument
      end
      local world = {}
      local code, out, err = run(argv, world)
      assert.equal(4, code)
      assert.equal("", out)
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.is_true(not world.client or world.client.closed == 1)
    end)
  end

  it("writes a file that appears when it is whole", function()
    local code, out, err = run({ "audit", "--output", path, "--format", "ndjson" }, { certificates = LISTED })
    assert.equal("", out)
    assert.equal("2 serials: 1 good, 1 revoked\n" .. COST, err)
    assert.equal(1, code)
    assert.equal('{"serial":"084bde","key":"084bde","status":"good","revoked_at":null,"class":null,"code":null,'
      .. '"message":null}\n{"serial":"b67e","key":"b67e","status":"revoked","revoked_at":"2026-01-02T03:04:05Z",'
      .. '"class":null,"code":null,"message":null}\n', contents(path))
    assert.is_nil(contents(path .. ".part"))
  end)

  it("leaves part of a file where the list is cut short, and says so", function()
    local world = { certificates = LISTED, list_failure = { "no answer within 60 s", { class = "deadline" } } }
    local code, _, err = run({ "audit", "--output", path, "--format", "json" }, world)
    assert.equal("2 serials: 1 good, 1 revoked\n" .. COST .. "certstat: no answer within 60 s\n", err)
    assert.equal(3, code)
    assert.is_nil(contents(path))
    assert.is_truthy(contents(path .. ".part"):find("^%[\n.*\n%]\n$"))
    assert.equal(1, world.client.closed)
  end)

  it("tells Prometheus what the run came to, also where it is cut short", function()
    local argv = { "audit", "--format", "prometheus", "--quiet" }
    local _, out = run(argv, { certificates = LISTED })
    assert.is_truthy(out:find('\ncertstat_certificates{status="good"} 1\n', 1, true))
    assert.is_truthy(out:find("\ncertstat_run_whole 1\n", 1, true))
    assert.is_truthy(out:find("\ncertstat_run_end_timestamp_seconds 1767323045\n", 1, true))
    assert.is_truthy(out:find("\ncertstat_run_calls 2\n", 1, true))
    local code
    code, out = run(argv, { certificates = LISTED, list_failure = { "no answer within 60 s", { class = "deadline" } } })
    assert.equal(3, code)
    assert.is_truthy(out:find("\ncertstat_run_whole 0\n", 1, true))
  end)

  it("tells JUnit and SARIF that the run was cut short", function()
    for _, format in ipairs { "junit", "sarif", "markdown" } do
      local world = { certificates = LISTED, list_failure = { "no answer within 60 s", { class = "deadline" } } }
      local _, out = run({ "audit", "--format", format, "--quiet" }, world)
      assert.is_truthy(out:find("the run was cut short", 1, true) or out:find("The run was cut short", 1, true), format)
    end
  end)

  describe("--report", function()
    local home

    before_each(function()
      home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    end)

    after_each(function()
      ipc.remove_folder(home)
    end)

    -- The page that such an audit writes, as strict.py reads it.
    local function page_of(argv, world)
      table.insert(argv, "--quiet")
      table.insert(argv, "--report")
      table.insert(argv, path)
      local code, out, err = run(argv, world)
      return strict.read("html", contents(path) or contents(path .. ".part")), code, out, err
    end

    it("is a page besides the rows", function()
      local page, code, out, err = page_of({ "audit", "--format", "tsv" }, { certificates = LISTED })
      assert.equal(1, code)
      assert.equal("", err)
      assert.is_truthy(out:find("\nb67e\tb67e\trevoked\t", 1, true))
      assert.same({ 0, "084bde" }, { page.rows[1][1], page.rows[1][2] })
      assert.same({ 1, "b67e" }, { page.rows[2][1], page.rows[2][2] })
      local dd = page.texts.dd
      assert.same({ "list", "https://cas.example", "default", "2" }, { dd[1], dd[2], dd[3], dd[4] })
      local texts = table.concat(page.texts.p, "\n")
      assert.is_truthy(texts:find("Not compared with an earlier audit: there is no ledger.", 1, true))
      assert.is_nil(contents(path .. ".part"))
    end)

    it("is left as a part where the run is cut short", function()
      local world = { certificates = LISTED, list_failure = { "no answer within 60 s", { class = "deadline" } } }
      local page, code = page_of({ "audit" }, world)
      assert.equal(3, code)
      assert.equal(2, #page.rows)
      assert.is_truthy(table.concat(page.texts.p, "\n"):find("The run was cut short: rows are missing.", 1, true))
      assert.is_nil(contents(path))
      page = page_of({ "audit", "--home", home }, world)
      assert.is_truthy(table.concat(page.texts.p, "\n"):find("earlier audit: the run was cut short.", 1, true))
    end)

    it("says what has changed since the audit before", function()
      local page = page_of({ "audit", "--home", home }, { certificates = { LISTED[2] } })
      local texts = table.concat(page.texts.p, "\n")
      assert.is_truthy(texts:find("there is no whole audit before run 1, of the same sources.", 1, true))
      page = page_of({ "audit", "--home", home }, { certificates = LISTED })
      texts = table.concat(page.texts.p, "\n")
      assert.is_truthy(texts:find("1 change since run 1 of ", 1, true))
      assert.equal("084bde", page.texts.td[1])
    end)

    it("is not begun where the rows can't be written, nor the other way round", function()
      local code, _, err = run { "audit", "--report", path, "--output", "/nonexistent/rows" }
      assert.equal("certstat: /nonexistent/rows.part: No such file or directory\n", err)
      assert.equal(4, code)
      assert.is_nil(contents(path .. ".part"))
      code, _, err = run { "audit", "--output", path, "--report", "/nonexistent/page" }
      assert.equal("certstat: /nonexistent/page.part: No such file or directory\n", err)
      assert.equal(4, code)
      assert.is_nil(contents(path .. ".part"))
    end)

    it("is another file than the rows", function()
      local code, _, err = run { "audit", "--report", path, "--output", path }
      assert.equal("certstat: --output and --report name the same file\n", err)
      assert.equal(4, code)
    end)
  end)

  describe("--dry-run", function()
    local home

    before_each(function()
      home = assert(ipc.temporary_folder("/tmp/certstat-spec-"))
    end)

    after_each(function()
      ipc.remove_folder(home)
    end)

    it("says what would be asked, how and of whom, and does nothing of it", function()
      local world = { stdin = "01\n02\nx\n01\n", certificates = LISTED, guard = 0.05 }
      local argv = { "audit", "--dry-run", "--from", "list", "--from", "-", "--home", home, "--account", "b",
        "--endpoint", "https://other.example", "--batch", "20", "--qps", "5",
        "--output", path, "--report", path .. "2" }
      local code, out, err = run(argv, world)
      assert.equal(([[
endpoint   https://other.example
account    b
home       %s
from       list, -
list       list: 2 certificates, as one call says; reading it takes 1 call
serials    at most 4 distinct, 1 repeated, 1 invalid
invalid    -:3: serial number: expected a hexadecimal digit, found 'x' at character 1
calls      3: 1 that read lists, and 2 of 20 serials at most
time       0.0 s, at 4.76 calls a second (5 in any second, and 50 ms of guard)
quota      60 %% of the account's while it runs, 0.017 %% of an hour's, under 0.01 %% of a day's
freshness  0.4 s at best, for a gate that has the whole quota
]]):format(home), out)
      assert.equal("", err)
      assert.equal(2, code)
      assert.equal(1, #world.called)
      assert.equal(1, world.client.closed)
      assert.is_nil(world.record_options)
      for _, unwanted in ipairs { path, path .. ".part", path .. "2.part", home .. "/ledger.db" } do
        assert.is_nil(contents(unwanted), unwanted)
      end
    end)

    it("is about what the service lists, where nothing else is named", function()
      local world = { certificates = LISTED, guard = 0.1, env = { HOME = "/h" } }
      local code, out = run({ "audit", "--dry-run" }, world)
      assert.is_truthy(out:find("\nhome       /h/.local/state/certstat\nfrom       list\n", 1, true))
      assert.equal(0, code)
    end)

    it("ends as the audit would where nothing can be asked", function()
      local failure = { "no credentials", { class = "denied" } }
      local worlds = { { refused = failure }, { unready = failure }, { guard = 0.1, call_failure = failure } }
      for _, world in ipairs(worlds) do
        local code, out, err = run({ "audit", "--dry-run" }, world)
        assert.equal("certstat: no credentials\n", err)
        assert.equal("", out)
        assert.equal(5, code)
      end
    end)

    it("does not go on with a run", function()
      local code, _, err = run { "audit", "--dry-run", "--resume" }
      assert.equal("certstat: option '--resume' can not be used together with option '--dry-run'"
        .. " (see certstat audit --help)\n", err)
      assert.equal(4, code)
    end)
  end)

  it("closes its report where it is interrupted", function()
    local world = { certificates = LISTED, raises = "client.lua:1: interrupted!" }
    local code, out, err = run({ "audit", "--format", "json" }, world)
    assert.equal("[]\n", out)
    assert.equal("certstat: interrupted\n", err)
    assert.equal(3, code)
    assert.equal(1, world.client.closed)
  end)

  it("says an unexpected error in one line, without a trace", function()
    local code, _, err = run({ "audit" }, { certificates = LISTED, raises = "x.lua:1: attempt to index\n\27nil" })
    assert.equal("certstat: internal error: x.lua:1: attempt to index\\x0A\\x1Bnil\n", err)
    assert.equal(3, code)
  end)

  it("exits with 5 where nothing is answered for want of permission", function()
    local code, _, err = run({ "audit", "--quiet" }, { list_failure = { "refused", { class = "denied" } } })
    assert.equal("certstat: refused\n", err)
    assert.equal(5, code)
    local world = { stdin = "7\n8\n" }
    ANSWERS["07"] = { status = "error", class = "denied", code = "NoPermission", message = "refused" }
    ANSWERS["08"] = ANSWERS["07"]
    code = run({ "audit", "--from", "-" }, world)
    assert.equal(5, code)
  end)

  it("exits with 3 where the rows can't be written, and asks no further", function()
    local full = fake.stream()
    function full.write()
      return nil, "No space left on device"
    end
    local code, _, err = run({ "audit" }, { certificates = LISTED, stdout = full })
    assert.equal("1 serial: 1 good\n" .. COST
      .. "certstat: cannot write to the standard output: No space left on device\n", err)
    assert.equal(3, code)
  end)

  describe("progress", function()
    local function progress(argv, terminals)
      local _, _, err = run(argv, { stdin = "1\n2\n3\n", terminals = terminals })
      return err
    end

    it("is drawn on a terminal's standard error, where the rows go elsewhere", function()
      assert.is_truthy(progress({ "audit", "--from", "-" }, { false, true })
        :find("^\r1, 2 a second, 1 absent\27%[K\r2, 2 a second, 2 absent\27%[K"
          .. "\r3, 2 a second, 3 absent\27%[K\r\27%[K3 serials: 3 absent\n"))
      assert.is_truthy(progress({ "audit", "--from", "-", "--output", path }, { true, true }):find("^\r1, 2 a second"))
    end)

    it("is not drawn elsewhere", function()
      assert.is_nil(progress({ "audit", "--from", "-" }, {}):find("\r", 1, true))
      assert.is_nil(progress({ "audit", "--from", "-" }, { true, true }):find("\r", 1, true))
      assert.is_nil(progress({ "audit", "--from", "-", "--quiet" }, { false, true }):find("\r", 1, true))
      assert.is_nil(progress({ "audit", "--from", "-", "--verbose" }, { false, true }):find("\r", 1, true))
    end)

    it("knows how much is left of the service's list", function()
      local _, _, err = run({ "audit" }, { certificates = LISTED, terminals = { false, true } })
      assert.equal("\r1 of 2 (50 %), 2 a second, 0.5 s left\27[K"
        .. "\r2 of 2 (100 %), 2 a second, 0.0 s left, 1 revoked\27[K\r\27[K", err:match("^(.-)2 serials"))
    end)

    it("tells how far it is when it is asked, also a quiet run", function()
      local argv = { "audit", "--from", "-", "--quiet" }
      local _, _, err = run(argv, { stdin = "08:4b:de\nb67e\nx\n", asked = { false, false, true } })
      assert.equal("certstat: 2, 2 a second\ncertstat: 2 serials: 1 good, 1 revoked\n"
        .. "certstat: 2 calls, 0 throttled, 1 retry, 0.5 s\n", err)
    end)

    it("knows how much is left of a file", function()
      local file = io.open(path, "wb")
      file:write("01\n02\n03\n04\n")
      file:close()
      local _, _, err = run({ "audit", "--from", path }, { terminals = { false, true } })
      assert.equal("\r1 of 4 (25 %), 2 a second, 1.5 s left, 1 absent\27[K"
        .. "\r2 of 4 (50 %), 2 a second, 1.0 s left, 2 absent\27[K"
        .. "\r3 of 4 (75 %), 2 a second, 0.5 s left, 3 absent\27[K"
        .. "\r4 of 4 (100 %), 2 a second, 0.0 s left, 4 absent\27[K\r\27[K", err:match("^(.-)4 serials"))
    end)
  end)
end)
