local fake = require "spec.command.fake"
local file = require "certstat.sources.file"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local items = require "spec.sources.items"

describe("sources.file", function()
  local folder

  setup(function()
    folder = files.folder()
  end)

  teardown(function()
    ipc.remove_folder(folder)
  end)

  local function all(text, options)
    local iterator = assert(file.open("-", options, fake.stream(text)))
    return items.all(iterator)
  end

  it("knows what a file holds by its content", function()
    assert.same({ "-:1 01" }, all("01\n"))
    assert.same({ "-:1 084BDE" }, all("V\t270101000000Z\t\t084BDE\tunknown\t/CN=one\n"))
    assert.same({ "-:13 b67e53eb" }, { all(files.read("spec/command/two.pem"))[2] })
    assert.equal("certificate", select(3, file.open("spec/command/two.pem")))
    assert.equal("serial number", select(3, file.open("-", nil, fake.stream("01"))))
  end)

  it("reads the formats that are named", function()
    assert.same({ "-:2 01" }, all("a,serial\n,01\n", { format = "csv", where = "serial" }))
    assert.same({ "-:2 01" }, all("a\tserial\n\t01\n", { format = "tsv", where = "serial" }))
    assert.same({ "-:1 01" }, all('{"serial":"01"}\n', { format = "ndjson", where = "serial" }))
    assert.same({ "-:1 01" }, all("serial=01\n", { format = "log", where = "serial" }))
    assert.same({ "-:1 01" }, all("x 01\n", { format = "match", where = "x (%d+)" }))
    assert.same({}, all("01\n", { format = "certificates" }))
    assert.is_false((pcall(file.open, "-", { format = "xml" }, fake.stream(""))))
  end)

  it("unpacks what gzip packed, of every format", function()
    files.write(folder .. "/a", "serial=01\nserial=02\n")
    files.shell(("gzip -c %s/a > %s/a.log"):format(folder, folder))
    local iterator, share = file.open(folder .. "/a.log", { format = "log", where = "serial" })
    local name = folder .. "/a.log"
    assert.same({ name .. ":1 01", name .. ":2 02" }, items.all(iterator))
    assert.equal(1, share())
    files.write(folder .. "/cut.gz", files.read(folder .. "/a.log"):sub(1, -5))
    local found, message = items.all((file.open(folder .. "/cut.gz")))
    assert.equal(folder .. "/cut.gz: the gzip data is cut off", message)
    assert.is_true(#found <= 2)
  end)

  it("reads what a file grows by while it is read", function()
    files.write(folder .. "/list", "01\n02\n")
    local iterator = file.open(folder .. "/list")
    iterator()
    iterator()
    local more = io.open(folder .. "/list", "ab")
    more:write("03\n")
    more:close()
    assert.same({ folder .. "/list:3 03" }, items.all(iterator))
  end)

  it("says that a file has become shorter while it was read", function()
    files.write(folder .. "/list", ("01\n"):rep(21845) .. "\n02\n")
    local iterator = file.open(folder .. "/list")
    iterator()
    files.write(folder .. "/list", "01\n")
    local found, message = items.all(iterator)
    assert.equal(21844, #found)
    assert.equal(folder .. "/list: has become shorter while it was read: expected 65539 bytes, found 3", message)
    assert.is_nil((iterator()))
  end)

  it("tells which share of the file is read", function()
    files.write(folder .. "/list", "01\n02\n")
    local iterator, share = file.open(folder .. "/list")
    iterator()
    assert.equal(0.5, share())
    iterator()
    assert.equal(1, share())
    assert.is_nil(iterator())
    assert.is_nil(iterator())
    assert.is_nil((select(2, file.open("-", nil, fake.stream("01\n"))))())
  end)

  it("says that a file can't be opened or read", function()
    assert.same({ nil, "/nonexistent: No such file or directory" }, { file.open("/nonexistent") })
    assert.same({ {}, "Is a directory" }, { items.all((file.open(folder))) })
  end)
end)
