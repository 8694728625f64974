local columns = require "certstat.report.columns"
local fake = require "spec.command.fake"
local ipc = require "certstat.ipc"
local output = require "certstat.command.output"

local ROW = { serial = "01", key = "01", status = "good" }

local function environment_of(stdout, terminals, env)
  return {
    stdout = stdout,
    isatty = function(fd)
      return (terminals or {})[fd] == true
    end,
    getenv = function(name)
      return (env or {})[name]
    end,
  }
end

local function open(arguments, ...)
  return output.open(arguments, environment_of(...), columns.status)
end

local function contents(path)
  local file = io.open(path, "rb")
  if file then
    local text = file:read("*a")
    file:close()
    return text
  end
end

describe("command.output", function()
  local path = os.tmpname()

  before_each(function()
    os.remove(path)
    os.remove(path .. ".part")
  end)

  teardown(function()
    os.remove(path)
    os.remove(path .. ".part")
  end)

  it("writes to the standard output", function()
    local stdout = fake.stream()
    local report = open({ format = "ndjson" }, stdout)
    report:row(ROW)
    assert.is_true(report:close({ whole = true }))
    assert.equal('{"serial":"01","key":"01","status":"good","revoked_at":null,'
      .. '"class":null,"code":null,"message":null}\n', stdout.written)
  end)

  it("gives a file its name when it is whole", function()
    local report = open({ format = "tsv", output = path }, fake.stream())
    report:row(ROW)
    assert.is_nil(contents(path))
    assert.is_true(report:close({ whole = true }))
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n01\t01\tgood\t\t\t\t\n", contents(path))
    assert.is_nil(contents(path .. ".part"))
  end)

  it("leaves what was cut short under another name, complete as a text", function()
    local report = open({ format = "json", output = path }, fake.stream())
    report:row(ROW)
    assert.is_true(report:close({ whole = false }))
    assert.is_nil(contents(path))
    assert.is_truthy(contents(path .. ".part"):find("^%[\n.*\n%]\n$"))
  end)

  it("keeps an old report until the new one is whole", function()
    local file = io.open(path, "wb")
    file:write("old")
    file:close()
    local report = open({ output = path }, fake.stream())
    report:close({ whole = false })
    assert.equal("old", contents(path))
  end)

  it("says that a file can't be written", function()
    local report, message = open({ output = "/nonexistent/report" }, fake.stream())
    assert.is_nil(report)
    assert.equal("/nonexistent/report.part: No such file or directory", message)
  end)

  it("keeps the whole report where it can't have its name", function()
    os.remove(path)
    assert(os.execute("mkdir " .. path))
    local report = open({ format = "tsv", columns = {}, output = path }, fake.stream())
    assert.same({ nil, ("cannot write to %s: Is a directory"):format(path) }, { report:close { whole = true } })
    assert.is_truthy(contents(path .. ".part"))
  end)

  it("is not begun where another is being written under that name", function()
    local one = open({ format = "tsv", columns = { columns.status[1] }, output = path }, fake.stream())
    one:row(ROW)
    local two, message = open({ output = path }, fake.stream())
    assert.is_nil(two)
    assert.equal(path .. ".part: is being written by process ", message:match("^.- process "))
    one:row(ROW)
    assert.is_true(one:close({ whole = true }))
    assert.equal("serial\n01\n01\n", contents(path))
    for _, ending in ipairs { function(o) o:close({ whole = false }) end, output.discard } do
      two = assert(open({ output = path }, fake.stream()))
      ending(two)
    end
  end)

  it("takes the place of what a killed run has left", function()
    local file = io.open(path .. ".part", "wb")
    file:write(("stale "):rep(1000))
    file:close()
    local report = open({ format = "tsv", columns = { columns.status[1] }, output = path }, fake.stream())
    assert.is_true(report:close({ whole = true }))
    assert.equal("serial\n", contents(path))
  end)

  it("writes into what is no file, and leaves it what it is", function()
    os.remove(path)
    assert(os.execute("mkfifo " .. path))
    local reader = io.popen("cat " .. path)
    local report = open({ format = "tsv", columns = { columns.status[1] }, output = path }, fake.stream())
    report:row(ROW)
    assert.is_true(report:close({ whole = true }))
    assert.equal("other", ipc.facts(path).kind)
    assert.is_nil(contents(path .. ".part"))
    assert.equal("serial\n01\n", reader:read("*a"))
    reader:close()
  end)

  it("stops at the first failure and says it", function()
    local writes = 0
    local stdout = { write = function()
      writes = writes + 1
      return nil, "No space left on device"
    end, flush = function()
      return true
    end }
    local report = open({ format = "ndjson" }, stdout)
    assert.is_false(report:row(ROW))
    assert.is_false(report:row(ROW))
    assert.equal(1, writes)
    assert.same({ nil, "cannot write to the standard output: No space left on device" },
      { report:close({ whole = true }) })
  end)

  it("says that the last bytes could not be written", function()
    local stdout = fake.stream()
    function stdout.flush()
      return nil, "No space left on device"
    end
    local report = open({}, stdout)
    report:row(ROW)
    assert.same({ nil, "cannot write to the standard output: No space left on device" },
      { report:close({ whole = true }) })
  end)

  it("leaves nothing of what nobody wants", function()
    local report = open({ output = path }, fake.stream())
    report:row(ROW)
    report:discard()
    assert.is_nil(contents(path))
    assert.is_nil(contents(path .. ".part"))
  end)

  describe("colours", function()
    local function colored(arguments, terminals, env)
      local stdout = fake.stream()
      local report = open(arguments, stdout, terminals, env)
      report:row(ROW)
      report:close({ whole = true })
      return stdout.written:find("\27[32mgood", 1, true) ~= nil
    end

    it("a terminal's table alone", function()
      assert.is_true(colored({}, { true }))
      assert.is_false(colored({}, { false, true }))
      assert.is_false(colored({ format = "csv" }, { true }))
    end)

    it("nothing where the user has said no", function()
      assert.is_false(colored({ no_color = true }, { true }))
      assert.is_false(colored({}, { true }, { NO_COLOR = "1" }))
      assert.is_true(colored({}, { true }, { NO_COLOR = "" }))
      assert.is_false(colored({}, { true }, { TERM = "dumb" }))
    end)
  end)
end)
