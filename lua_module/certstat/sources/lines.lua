--- lines.lua - the lines of a file or a pipe, read in pieces, so that neither a long file nor a long line
-- fills the memory.
local lines = {}
lines.__index = lines

lines.MOST = 1048576 -- bytes of a line, 1 MiB; more is not returned

local PIECE = 65536
local TOO_LONG = ("longer than %d bytes"):format(lines.MOST)

--- file: what io.open returns, or anything with its read(n).
function lines.new(file)
  return setmetatable({ file = file, pending = "", taken = 0, read = 0, number = 0 }, lines)
end

-- Reads one more piece behind what is pending; false at the end and after a failure.
local function fill(self)
  local piece, message = self.file:read(PIECE)
  if not piece then
    self.ended, self.failure = true, message
    return false
  end
  self.pending = self.pending:sub(self.taken + 1) .. piece
  self.taken = 0
  self.read = self.read + #piece
  return true
end

--- The first bytes of the file, at most 64 KiB, without taking them. An empty string where it is empty.
function lines:head()
  if self.pending == "" and not self.ended then
    fill(self)
  end
  return self.pending
end

-- Takes `line`, which lies between what was taken and the line end at `last`.
local function take(self, last)
  local line = self.pending:sub(self.taken + 1, last)
  self.taken = math.min(last + 1, #self.pending)
  self.number = self.number + 1
  if self.number == 1 then
    line = line:gsub("^\239\187\191", "") -- the byte order mark of UTF-8
  end
  return (line:gsub("\r$", ""))
end

-- Takes the rest of a line that is too long.
local function skip_line(self)
  local start = self.pending:sub(self.taken + 1, self.taken + 64)
  local last
  repeat
    last = self.pending:find("\n", self.taken + 1, true)
    self.taken = last or #self.pending
  until last or not fill(self)
  self.number = self.number + 1
  return start, TOO_LONG
end

--- The next line without its end (LF or CRLF); nil at the end; nil and a message where reading failed. A line
-- of more than lines.MOST bytes comes as its first 64 bytes and a message. `number` is the line's, from 1 on.
function lines:next()
  local searched = self.taken -- no line end before this
  while true do
    local last = self.pending:find("\n", searched + 1, true)
    if (last or #self.pending + 1) - self.taken - 1 > lines.MOST then
      return skip_line(self)
    elseif last then
      return take(self, last - 1)
    end
    local length = #self.pending - self.taken
    if self.ended or not fill(self) then
      break
    end
    searched = length
  end
  if self.failure then
    return nil, self.failure
  elseif self.taken >= #self.pending then
    return nil
  end
  return take(self, #self.pending)
end

--- How many bytes have been taken.
function lines:position()
  return self.read - (#self.pending - self.taken)
end

--- All that is left, or nil and a message where that is more than `most` bytes or reading failed.
function lines:rest(most)
  while not self.ended and #self.pending - self.taken <= most do
    fill(self)
  end
  local rest = self.pending:sub(self.taken + 1)
  if self.failure then
    return nil, self.failure
  elseif #rest > most then
    return nil, ("longer than %d bytes"):format(most)
  end
  self.taken = #self.pending
  return rest
end

return lines
