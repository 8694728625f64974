local file = require "certstat.credentials.file"

-- load() where reading gives these values
local function load(...)
  local results = { n = select("#", ...), ... }
  return file.load({
    home = "/h", getenv = function() return nil end,
    read = function() return (table.unpack or unpack)(results, 1, results.n) end, -- luacheck: ignore
  }, "VARIABLE", { "/f" })
end

describe("credentials.file.load", function()
  it("gives a file's text", function()
    assert.same({ path = "/h/f", text = "text" }, load("text", "rw-------"))
    assert.same({ path = "/h/f", text = "" }, load("", nil))
  end)

  it("warns where the group or others can read it", function()
    for _, permissions in ipairs { "rw-r--r--", "rw-r-----", "rw----r--", "rwxrwxrwx" } do
      assert.equal(("/h/f can be read by others (%s): chmod 600 it"):format(permissions), load("", permissions).warning)
    end
    for _, permissions in ipairs { "rw-------", "r--------", "rw--w--w-", "rwx--x--x" } do
      assert.is_nil(load("", permissions).warning)
    end
  end)

  it("tells a file that is not there from one that can't be read", function()
    assert.same({ n = 3, nil, "no file /h/f" }, { n = 3, load(nil, "/h/f: No such file or directory", 2) })
    assert.same({ n = 3, nil, "/h/f: Permission denied", true }, { n = 3, load(nil, "/h/f: Permission denied", 13) })
    assert.same({ n = 3, nil, "/h/f: Is a directory", true }, { n = 3, load(nil, "Is a directory", 21) })
  end)

  it("reads at most 1 MiB", function()
    assert.equal(1048576, #load(("x"):rep(1048576)).text)
    assert.same({ n = 3, nil, "/h/f: expected at most 1 MiB, found more", true }, { n = 3, load(("x"):rep(1048577)) })
  end)
end)

describe("credentials.file.read", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  it("reads a file and its permissions", function()
    local handle = assert(io.open(path, "wb"))
    handle:write("a\0b\r\n")
    handle:close()
    local bytes, permissions = file.read(path)
    assert.equal("a\0b\r\n", bytes)
    assert.truthy(permissions:find("^rw%-......$"))
  end)

  it("reads an empty file", function()
    assert.equal("", (file.read(path)))
  end)

  it("says why it can't", function()
    local bytes, message, code = file.read(path .. "/none")
    assert.is_nil(bytes)
    assert.equal(path .. "/none: Not a directory", message)
    assert.equal(20, code)
    bytes, message, code = file.read("/")
    assert.is_nil(bytes)
    assert.equal("Is a directory", message)
    assert.equal(21, code)
  end)
end)

describe("credentials.file.is_file", function()
  it("tells a file from a folder and from nothing", function()
    assert.is_true(file.is_file "/etc/passwd")
    assert.is_false(file.is_file "/etc")
    assert.is_false(file.is_file "/no/such")
  end)
end)

describe("credentials.file.own_host", function()
  it("gives hosts of the service alone, in lower case", function()
    assert.equal("sts.cn-beijing.aliyuncs.com", file.own_host "STS.cn-beijing.aliyuncs.com")
    for _, bad in ipairs { "", ".aliyuncs.com", "aliyuncs.com", "a.example.com", "a/.aliyuncs.com",
      "a.aliyuncs.com:80" } do
      assert.is_nil(file.own_host(bad))
    end
  end)
end)
