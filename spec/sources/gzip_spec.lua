local files = require "spec.emulator.files"
local gzip = require "certstat.sources.gzip"
local ipc = require "certstat.ipc"

-- a file that gives `text` in pieces of at most `size` bytes
local function pieces(text, size)
  local at = 0
  return { read = function(_, n)
    local piece = text:sub(at + 1, at + math.min(n, size or n))
    at = at + #piece
    return piece ~= "" and piece or nil
  end }
end

local function all(packed, size)
  local file, parts = assert(gzip.open(pieces(packed, size), "a.gz")), {}
  while true do
    local piece, message = file:read(65536)
    if not piece then
      return table.concat(parts), message
    end
    parts[#parts + 1] = piece
  end
end

describe("sources.gzip", function()
  local folder

  -- by gzip(1), not by the library under test
  local function pack(text)
    files.write(folder .. "/plain", text)
    files.shell(("gzip -c %s/plain > %s/packed"):format(folder, folder))
    return files.read(folder .. "/packed")
  end

  setup(function()
    folder = files.folder()
  end)

  teardown(function()
    ipc.remove_folder(folder)
  end)

  it("is known by its first two bytes", function()
    assert.is_true(gzip.packed(pack("x")))
    assert.is_false(gzip.packed("31"))
    assert.is_false(gzip.packed(""))
  end)

  it("gives what was packed, whatever the pieces", function()
    local text = ("084bde9cd2\n"):rep(20000)
    local packed = pack(text)
    for _, size in ipairs { 1, 7, 4096, 1e6 } do
      assert.same({ text }, { all(packed, size) })
    end
    assert.same({ "" }, { all(pack("")) })
  end)

  it("gives joined files as one", function()
    local packed = pack("01\n") .. pack("02\n") .. pack("03\n")
    for _, size in ipairs { 1, 1e6 } do
      assert.same({ "01\n02\n03\n" }, { all(packed, size) })
    end
  end)

  it("gives much from little in bounded pieces", function()
    local file, total, largest = gzip.open(pieces(pack(("\0"):rep(2 ^ 24))), "a.gz"), 0, 0
    for piece in function() return file:read(65536) end do
      total = total + #piece
      largest = math.max(largest, #piece)
    end
    assert.equal(2 ^ 24, total)
    assert.is_true(largest <= 65536 + 4096 * 1032)
  end)

  it("says that it is cut off, wherever", function()
    local packed = pack("084bde9cd2\nb67e53eb\n")
    for length = 2, #packed - 1 do
      local text, message = all(packed:sub(1, length))
      assert.equal("a.gz: the gzip data is cut off", message)
      assert.equal(text, ("084bde9cd2\nb67e53eb\n"):sub(1, #text))
    end
  end)

  it("says that it is damaged, after what came before", function()
    local packed = pack(("084bde9cd2\n"):rep(10))
    local damaged = packed:sub(1, -9) .. "XXXX" .. packed:sub(-4) -- its checksum
    assert.equal("a.gz: the gzip data is damaged", select(2, all(damaged)))
    assert.same({ "01\n", "a.gz: there is something else behind the gzip data" }, { all(pack("01\n") .. "more") })
  end)

  it("passes on that the file can't be read", function()
    local file = gzip.open({ read = function() return nil, "Is a directory" end }, "a.gz")
    assert.same({ nil, "a.gz: Is a directory" }, { file:read(10) })
    assert.same({ nil, "a.gz: Is a directory" }, { file:read(10) })
  end)

  it("says what brings the library where it is missing", function()
    local path, loaded = package.cpath, package.loaded.zlib
    package.cpath, package.loaded.zlib = "", nil
    local file, message = gzip.open(pieces("\31\139"), "a.gz")
    package.cpath, package.loaded.zlib = path, loaded
    assert.is_nil(file)
    assert.equal("reading gzip needs the Lua module zlib (Debian's lua-zlib, the rock lua-zlib)", message)
  end)
end)
