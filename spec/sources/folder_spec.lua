local files = require "spec.emulator.files"
local folder = require "certstat.sources.folder"
local ipc = require "certstat.ipc"
local items = require "spec.sources.items"

describe("sources.folder", function()
  local path
  local pem = files.read("spec/command/two.pem")
  local first = pem:match("%-%-%-%-%-BEGIN.-%-%-%-%-%-END CERTIFICATE%-%-%-%-%-\n")

  before_each(function()
    path = files.folder()
  end)

  after_each(function()
    ipc.remove_folder(path)
  end)

  it("gives the certificates by file name, without other files, folders and hidden ones", function()
    files.shell("mkdir " .. path .. "/sub")
    files.write(path .. "/b.pem", first)
    files.write(path .. "/a.crt", pem)
    files.write(path .. "/.hidden.pem", first)
    files.write(path .. "/sub/c.pem", first)
    files.write(path .. "/README", "01\n")
    local iterator, share = folder.open(path)
    assert.same({ path .. "/a.crt:2 084bde9cd2", path .. "/a.crt:13 b67e53eb", path .. "/b.pem:1 084bde9cd2" },
      items.all(iterator))
    assert.equal(1, share())
  end)

  it("has a row for what can't be read", function()
    files.write(path .. "/a.pem", first:sub(1, 200))
    files.write(path .. "/b.der", "0\130" .. ("x"):rep(1048576))
    assert.same({
      ("! %s/a.pem: %s/a.pem:1: the certificate has no END line"):format(path, path),
      ("! %s/b.der: %s/b.der: longer than 1048576 bytes"):format(path, path),
    }, items.all((folder.open(path))))
  end)

  it("may be empty, but has to be there", function()
    local iterator, share = folder.open(path)
    assert.is_nil(share())
    assert.is_nil(iterator())
    local none, message = folder.open(path .. "/none")
    assert.is_nil(none)
    assert.is_truthy(message:find("No such file or directory", 1, true), message)
  end)
end)
