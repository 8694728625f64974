local files = require "spec.emulator.files"
local index = require "certstat.emulator.index"
local ipc = require "certstat.ipc"

local function nothing() end

describe("an index", function()
  local folder, path

  before_each(function()
    folder = files.folder()
    path = folder .. "/index.txt"
  end)

  after_each(function() ipc.remove_folder(folder) end)

  local function line(status, serial)
    return ("%s\t271124041809Z\t%s\t%s\tunknown\t/CN=x\n"):format(
      status, status == "R" and "261124041810Z" or "", serial)
  end

  it("answers from the file, in the file's order", function()
    files.write(path, line("V", "0A1B") .. line("R", "B67E"))
    local opened = index.open(path)
    assert.is_true(opened:refresh(nothing, nothing))
    assert.equal(2, opened:count())
    assert.equal("0a1b", opened:at(1).key)
    assert.equal(2, opened:find("b67e").position)
    assert.is_nil(opened:find("0A1B"))
    assert.is_nil(opened:find("01"))
  end)

  it("keeps what was revoked over it, also when the file is read again", function()
    files.write(path, line("V", "0A1B") .. line("R", "B67E"))
    local opened = index.open(path)
    assert.is_true(opened:refresh(nothing, nothing))
    assert.is_true(opened:revoke("0a1b", 1800000000))
    assert.is_true(opened:revoke("b67e", 1800000000))
    assert.is_false(opened:revoke("01", 1800000000))
    for _, more in ipairs { "", line("V", "0C") } do
      files.write(path, line("V", "0A1B") .. line("R", "B67E") .. more)
      assert.is_true(opened:refresh(nothing, nothing))
      assert.same({ "R", 1800000000 }, { opened:find("0a1b").status, opened:find("0a1b").revoked })
      assert.equal(1795493890, opened:find("b67e").revoked)
    end
    assert.equal("V", opened:find("0c").status)
  end)

  it("reads a file longer than one piece, and leaves out a last line that is not ended", function()
    local lines = {}
    for i = 1, 3000 do lines[i] = line("V", ("%06X"):format(0x100000 + i)) end
    files.write(path, table.concat(lines) .. "V\t2711")
    local opened, pauses = index.open(path), 0
    assert.is_true(opened:refresh(function() pauses = pauses + 1 end, nothing))
    assert.equal(3000, opened:count())
    assert.equal(3000, pauses)
    assert.equal(3000, opened:find("100bb8").position)
  end)

  it("sees a change in the next refresh, and reads nothing without one", function()
    files.write(path, line("V", "0A1B"))
    local opened, pauses = index.open(path), 0
    local function count() pauses = pauses + 1 end
    assert.is_true(opened:refresh(count, nothing))
    assert.is_true(opened:refresh(count, nothing))
    assert.equal(1, pauses)
    files.write(path .. ".new", line("R", "0A1B"))
    assert(os.rename(path .. ".new", path))
    assert.is_true(opened:refresh(count, nothing))
    assert.equal("R", opened:find("0a1b").status)
    assert.equal(2, pauses)
    assert.equal(2, opened.generation)
  end)

  it("sees a file of the same size and time in the place of another", function()
    files.write(path, line("V", "0A1B"))
    local opened = index.open(path)
    assert.is_true(opened:refresh(nothing, nothing))
    files.write(path .. ".new", line("V", "0A1C"))
    files.shell(("touch -r %s %s.new && mv %s.new %s"):format(path, path, path, path))
    assert.is_true(opened:refresh(nothing, nothing))
    assert.is_nil(opened:find("0a1b"))
    assert.equal(1, opened:find("0a1c").position)
  end)

  it("keeps what it knows while the file is being exchanged", function()
    files.write(path, line("V", "0A1B"))
    local opened = index.open(path)
    assert.is_true(opened:refresh(nothing, nothing))
    os.remove(path)
    assert.is_true(opened:refresh(nothing, nothing))
    assert.equal(1, opened:count())
  end)

  it("reads again what changes while it is read", function()
    files.write(path, line("V", "0A1B"))
    local opened, changed = index.open(path), false
    assert.is_true(opened:refresh(function()
      if changed then return end
      changed = true
      files.write(path, line("R", "0A1B") .. line("V", "0A1C"))
    end, nothing))
    assert.equal("R", opened:find("0a1b").status)
    assert.equal(2, opened:count())
  end)

  it("waits for a reading that has begun", function()
    files.write(path, line("V", "0A1B"))
    local opened, waited = index.open(path), 0
    opened.loading = true
    assert.is_true(opened:refresh(nothing, function()
      waited = waited + 1
      opened.loading = false
    end))
    assert.equal(1, waited)
    assert.equal(1, opened:count())
  end)

  it("says which line is damaged, and keeps what it knew", function()
    local opened = index.open(path)
    local ok, message = opened:refresh(nothing, nothing)
    assert.is_nil(ok)
    assert.equal(path .. ": No such file or directory", message)
    files.write(path, line("V", "0A1B"))
    assert.is_true(opened:refresh(nothing, nothing))
    files.write(path, line("V", "0A1B") .. "damaged\n")
    ok, message = opened:refresh(nothing, nothing)
    assert.is_nil(ok)
    assert.equal(path .. ":2: expected V, R or E and six columns", message)
    assert.equal(1, opened:count())
  end)
end)
