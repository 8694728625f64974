--- gzip.lua - a file that gzip packed (RFC 1952), read as what was packed: piece by piece, so that its length does not
-- matter. zlib does it, through the Lua module zlib of lua-zlib (https://github.com/brimworks/lua-zlib).
local gzip = {}

local Unpacked = {}
Unpacked.__index = Unpacked

-- deflate packs at most 1,032 times, so that one piece becomes at most 4 MiB
local PIECE = 4096

--- Whether bytes begin as those of gzip do.
function gzip.packed(head)
  return head:find("^\31\139") ~= nil
end

local function library()
  local found, zlib = pcall(require, "zlib")
  if found and type(zlib) == "table" and zlib.inflate then
    return zlib
  end
  return nil, "reading gzip needs the Lua module zlib (Debian's lua-zlib, the rock lua-zlib)"
end

--- file: what io.open returns, or anything with its read(n), at the beginning of what gzip packed; name: for messages.
-- Returns something with read(n): the next bytes, about n or more; nil at the end; nil and a message where the file
-- can't be read or is damaged. Or nil and a message where zlib is missing.
function gzip.open(file, name)
  local zlib, message = library()
  if not zlib then
    return nil, message
  end
  return setmetatable({ file = file, name = name, zlib = zlib, pending = "" }, Unpacked)
end

-- What comes out of the next piece of what is pending, perhaps nothing; nil and what is wrong. Behind the end of a
-- member comes another: files that were packed one by one may be joined (RFC 1952 2.2).
local function unpack_piece(self)
  if not self.inflate then
    if not gzip.packed(self.pending) then
      return nil, "there is something else behind the gzip data"
    end
    self.inflate, self.taken = self.zlib.inflate(), 0
  end
  local piece = self.pending:sub(1, PIECE)
  local fine, bytes, ended, taken = pcall(self.inflate, piece)
  if not fine then
    return nil, "the gzip data is damaged"
  end
  self.pending = self.pending:sub((ended and taken - self.taken or #piece) + 1)
  self.taken = taken
  if ended then
    self.inflate = nil
  end
  return bytes
end

-- The next bytes that come out, perhaps none; nil at the end; nil and what is wrong.
local function next_bytes(self)
  while #self.pending < (self.inflate and 1 or 2) do -- a member is known by its first two bytes
    local more, message = self.file:read(PIECE)
    if not more then
      local cut_off = self.inflate or self.pending ~= ""
      return nil, message or cut_off and "the gzip data is cut off" or nil
    end
    self.pending = self.pending .. more
  end
  return unpack_piece(self)
end

function Unpacked:read(n)
  local parts, size = {}, 0
  while size < n and not self.ended do
    local bytes, message = next_bytes(self)
    if bytes then
      parts[#parts + 1] = bytes
      size = size + #bytes
    else
      self.ended, self.failure = true, message
    end
  end
  if size > 0 then
    return table.concat(parts)
  end
  return nil, self.failure and self.name .. ": " .. self.failure
end

return gzip
