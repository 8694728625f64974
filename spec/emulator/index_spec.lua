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

  -- as `openssl ca` writes it: a new file in the place of the old one
  local function replace(text)
    files.write(path .. ".new", text)
    assert(os.rename(path .. ".new", path))
  end

  local function open(text)
    files.write(path, text)
    local opened = index.open(path)
    assert.is_true(opened:refresh(nothing, nothing))
    return opened
  end

  local function lines_of(count, revoked)
    local lines = {}
    for i = 1, count do lines[i] = line(i == revoked and "R" or "V", ("%06X"):format(0x100000 + i)) end
    return table.concat(lines)
  end

  -- how many lines a refresh has parsed
  local function parsed(opened)
    local count, lines = 0, opened.lines
    opened.lines = setmetatable({
      add = function(_, ...)
        count = count + 1
        return lines:add(...)
      end,
    }, { __index = function(_, name) return function(_, ...) return lines[name](lines, ...) end end })
    assert.is_true(opened:refresh(nothing, nothing))
    opened.lines = lines
    return count
  end

  it("answers from the file, in the file's order", function()
    local opened = open(line("V", "0A1B") .. line("R", "B67E"))
    assert.equal(2, opened:count())
    assert.equal("0a1b", opened:at(1).key)
    assert.equal(2, opened:find("b67e").position)
    assert.same({ 1, 0, 1 }, { opened:revoked_count(), opened:revoked_count(1), opened:revoked_count(2) })
    assert.equal("b67e", opened:revoked_at(1).key)
    for _, none in ipairs { "0A1B", "01" } do assert.is_nil(opened:find(none)) end
    for _, none in ipairs { 0, 3 } do assert.same({}, { opened:at(none), opened:revoked_at(none) }) end
  end)

  it("finds the last of several lines with one serial", function()
    assert.equal(3, open(line("R", "0A") .. line("V", "0B") .. line("V", "0A")):find("0a").position)
  end)

  it("keeps what was revoked over it, also when the file is read again", function()
    local opened = open(line("V", "0A1B") .. line("R", "B67E"))
    assert.is_true(opened:revoke("0a1b", 1800000000))
    assert.is_true(opened:revoke("b67e", 1800000000))
    assert.is_false(opened:revoke("01", 1800000000))
    for _, text in ipairs {
      line("V", "0A1B") .. line("R", "B67E"), line("V", "0A1B") .. line("R", "B67E") .. line("V", "0C"),
      line("V", "0C") .. line("V", "0A1B") .. line("R", "B67E"),
    } do
      replace(text)
      assert.is_true(opened:refresh(nothing, nothing))
      assert.same({ "R", 1800000000 }, { opened:find("0a1b").status, opened:find("0a1b").revoked })
      assert.equal(1795493890, opened:find("b67e").revoked)
      assert.equal(2, opened:revoked_count())
      assert.equal("0a1b", opened:revoked_at(1).key)
    end
    assert.equal("V", opened:find("0c").status)
  end)

  it("counts what is revoked over it while the file is read", function()
    local opened = open(line("V", "0A") .. line("V", "0B"))
    replace(line("V", "0C") .. line("V", "0A") .. line("V", "0B"))
    local pauses = 0
    assert.is_true(opened:refresh(function()
      pauses = pauses + 1
      if pauses == 1 then assert.is_true(opened:revoke("0a", 1800000000)) end
    end, nothing))
    assert.same({ 1, "0a" }, { opened:revoked_count(), opened:revoked_at(1).key })
  end)

  it("reads a file longer than one piece", function()
    local opened = open(lines_of(3000, 2000))
    assert.equal(3000, opened:count())
    assert.equal(3000, opened:find("100bb8").position)
    assert.equal(2000, opened:revoked_at(1).position)
  end)

  it("parses what has changed and is not plain alone, and reads nothing without a change", function()
    local opened = open(lines_of(3000))
    assert.equal(0, parsed(opened))
    assert.equal(1, opened.readings)
    replace(lines_of(3000, 1700))
    assert.equal(1, parsed(opened))
    assert.equal("R", opened:find("1006a4").status)
    replace(lines_of(3002, 1700))
    assert.equal(0, parsed(opened))
    assert.equal(3002, opened:find("100bba").position)
    opened:revoke("100001", 1800000000)
    replace(lines_of(3004, 1700))
    assert.equal(2, parsed(opened))
    replace(lines_of(2999, 1700))
    assert.equal(0, parsed(opened))
    assert.is_nil(opened:find("100bba"))
    assert.equal(5, opened.readings)
  end)

  it("sees a file of the same size and time in the place of another", function()
    local opened = open(line("V", "0A1B"))
    files.write(path .. ".new", line("V", "0A1C"))
    files.shell(("touch -r %s %s.new && mv %s.new %s"):format(path, path, path, path))
    assert.is_true(opened:refresh(nothing, nothing))
    assert.is_nil(opened:find("0a1b"))
    assert.equal(1, opened:find("0a1c").position)
  end)

  it("keeps what it knows while the file is being exchanged", function()
    local opened = open(line("V", "0A1B"))
    os.remove(path)
    assert.is_true(opened:refresh(nothing, nothing))
    assert.equal(1, opened:count())
  end)

  it("answers from the state before until a reading is whole", function()
    local opened = open(line("V", "0A") .. line("V", "0B"))
    replace(line("R", "0A") .. line("V", "0C"))
    assert.is_true(opened:refresh(function()
      if opened.facts.size == 2 * #line("V", "0A") then
        assert.same({ "V", 2, 2 }, { opened:find("0a").status, opened:find("0b").position, opened:count() })
      end
    end, nothing))
    assert.same({ "R", 2 }, { opened:find("0a").status, opened:find("0c").position })
  end)

  it("reads again what is changed in place while it is read", function()
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

  it("is done with a file that was replaced while it was read, and sees the new one in the next refresh", function()
    local opened = open(line("V", "0A"))
    replace(line("R", "0A"))
    local changed = false
    assert.is_true(opened:refresh(function()
      if changed then return end
      changed = true
      replace(line("R", "0A") .. line("V", "0B"))
    end, nothing))
    assert.same({ "R", 1 }, { opened:find("0a").status, opened:count() })
    assert.is_true(opened:refresh(nothing, nothing))
    assert.equal(2, opened:count())
  end)

  it("gives up a file that changes faster than it can be read", function()
    local opened, seen = open(line("V", "0A")), 1
    replace(line("R", "0A"))
    local ok, message = opened:refresh(function()
      if opened.readings == seen then return end
      seen = opened.readings
      files.write(path, line("R", "0A"):rep(seen))
    end, nothing)
    assert.equal(11, seen)
    assert.same({ true, path .. ": changes faster than it can be read" }, { ok, message })
    assert.equal("V", opened:find("0a").status)
  end)

  it("waits for a reading that has begun, and is content with one that began after it", function()
    local opened, waited = open(line("V", "0A1B")), 0
    replace(line("R", "0A1B"))
    opened.is_reading = true
    assert.is_true(opened:refresh(nothing, function()
      waited = waited + 1
      opened.is_reading = false
    end))
    assert.same({ 1, "R" }, { waited, opened:find("0a1b").status })
    replace(line("V", "0A1B"))
    opened.is_reading = true
    assert.is_true(opened:refresh(nothing, function()
      opened.readings = opened.readings + 1
      opened.is_reading = false
    end))
    assert.equal("R", opened:find("0a1b").status)
  end)

  it("says what keeps it from knowing anything", function()
    local opened = index.open(path)
    local ok, message = opened:refresh(nothing, nothing)
    assert.is_nil(ok)
    assert.equal(path .. ": No such file or directory", message)
    files.write(path, "V\t2711")
    ok, message = opened:refresh(nothing, nothing)
    assert.is_nil(ok)
    assert.equal(path .. ":1: the line has no end", message)
  end)

  for text, message in pairs {
    ["damaged\n"] = ":3: expected V, R or E and six columns", ["V\t2711"] = ":3: the line has no end",
    [("x"):rep(1000000)] = ":3: the line is longer than 65536 bytes",
    [line("V", "0A"):sub(1, -2) .. ("x"):rep(70000) .. "\n"] = ":3: the line is longer than 65536 bytes",
  } do
    it("keeps what it knew where it finds " .. message .. " " .. #text .. ", and says so once", function()
      local opened = open(line("V", "0A1B"))
      replace(line("R", "0A1B") .. line("V", "0C") .. text)
      assert.same({ true, path .. message }, { opened:refresh(nothing, nothing) })
      assert.same({ true }, { opened:refresh(nothing, nothing) })
      assert.same({ "V", 1 }, { opened:find("0a1b").status, opened:count() })
      replace(line("R", "0A1B") .. line("V", "0C"))
      assert.same({ true }, { opened:refresh(nothing, nothing) })
      assert.same({ "R", 2 }, { opened:find("0a1b").status, opened:count() })
    end)
  end
end)
