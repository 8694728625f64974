local facts = require "spec.report.facts"
local fake = require "spec.command.fake"
local outputs = require "certstat.command.outputs"

local ROW = { serial = "01", key = "01", status = "good" }

local function open(arguments)
  local stdout = fake.stream()
  local opened, message = outputs.open(arguments, {
    stdout = stdout,
    isatty = function()
      return false
    end,
    getenv = function() end,
  })
  return opened, opened and stdout or message
end

local function contents(path)
  local file = io.open(path, "rb")
  if file then
    local text = file:read("*a")
    file:close()
    return text
  end
end

describe("command.outputs", function()
  local path = os.tmpname()

  after_each(function()
    os.remove(path)
    os.remove(path .. ".part")
  end)

  it("writes rows alone where nobody wants a page", function()
    local opened, stdout = open { format = "tsv" }
    assert.is_true(opened:row(ROW))
    assert.is_true(opened:close(facts.of { good = 1 }))
    assert.is_true(opened:close_page(facts.of { good = 1 }))
    assert.is_truthy(stdout.written:find("\n01\t01\tgood\t", 1, true))
  end)

  it("writes a page besides, which is ended later", function()
    os.remove(path)
    local opened, stdout = open { format = "tsv", report = path }
    opened:row(ROW)
    assert.is_true(opened:close(facts.of { good = 1 }))
    assert.is_truthy(stdout.written:find("\n01\t01\tgood\t", 1, true))
    assert.is_nil(contents(path))
    assert.is_true(opened:close_page(facts.of { good = 1 }))
    assert.is_truthy(contents(path):find("The one certificate is good.", 1, true))
  end)

  it("stops at the first failure of either", function()
    local opened = open { format = "tsv", report = path }
    opened.page.file = { write = function()
      return nil, "No space left on device"
    end, close = function()
      return true
    end }
    assert.is_false(opened:row(ROW))
    assert.equal(("cannot write to %s.part: No space left on device"):format(path), opened.failure)
    assert.is_true(opened:close(facts.of { good = 1 }))
    assert.same({ nil, opened.failure }, { opened:close_page(facts.of { good = 1 }) })
  end)
end)
