--- file.lua - a file or a pipe as a source. What gzip packed is unpacked; what a file holds, its content says: PEM or
-- DER certificates, the database of an `openssl ca`, else a text list. Other formats have to be named, with what tells
-- where the serial number stands in them.
local certificates = require "certstat.sources.certificates"
local gzip = require "certstat.sources.gzip"
local index = require "certstat.sources.index"
local ipc = require "certstat.ipc"
local lines = require "certstat.sources.lines"
local log = require "certstat.sources.log"
local ndjson = require "certstat.sources.ndjson"
local separated = require "certstat.sources.separated"
local text = require "certstat.sources.text"

local file = {}

-- by name: function(reader, name, where) that returns an iterator of items, and what it looks for, if not serial
-- numbers
local FORMATS = {
  csv = separated.csv,
  tsv = separated.tsv,
  ndjson = ndjson.items,
  log = log.items,
  match = log.matches,
}

function FORMATS.certificates(reader, name)
  return certificates.items(reader, name) or function() end, "certificate"
end

function FORMATS.content(reader, name)
  local items = certificates.items(reader, name)
  if items then
    return items, "certificate"
  end
  return (index.is(reader:head()) and index.items or text)(reader, name)
end

-- An open file whose reading is counted: `taken` bytes of it.
local function counted(opened)
  local self = { taken = 0 }
  function self.read(_, n)
    local piece, message = opened:read(n)
    self.taken = self.taken + #(piece or "")
    return piece, message
  end
  return self
end

-- A reader of lines over an open file, unpacked where that is due, and a function: how many bytes of the file have been
-- used. nil and a message.
local function reader_of(opened, name)
  local raw = counted(opened)
  local reader = lines.new(raw)
  if not gzip.packed(reader:head()) then
    return reader, function()
      return reader:position()
    end
  end
  local again = reader -- gives the head once more
  local unpacked, message = gzip.open({ read = function(_, n)
    if again then
      local head = again.pending
      again = nil
      return head
    end
    return raw:read(n)
  end }, name)
  return unpacked and lines.new(unpacked), message or function()
    return raw.taken
  end
end

-- What is wrong with a file of which `size` bytes were there when it was opened and `used` have been read, at its end:
-- nil where it has not become shorter meanwhile.
local function shortened(path, size, used)
  local now = (ipc.facts(path) or {}).size
  if now and used < size and now < size then
    return ("%s: has become shorter while it was read: expected %d bytes, found %d"):format(path, size, now)
  end
end

--- Opens the file `path`, or reads `opened` (anything with read(n)), which is called `path`.
-- What a file has grown by meanwhile is read, too; one that has become shorter ends with nil and a message.
-- options (may be nil): format = content (the default), certificates, csv, tsv, ndjson, log or match; where = the
-- column, the field or the pattern that these need. Returns an iterator of items and a function: which share of the
-- file is read, 0 to 1, nil where its length is not known; and what is looked for in it, "serial number" or
-- "certificate". Or nil and a message.
function file.open(path, options, opened)
  options = options or {}
  local items_of = FORMATS[options.format or "content"]
  if not items_of then
    error("file.open: unknown format " .. tostring(options.format), 2)
  end
  local own, message
  if not opened then
    own, message = io.open(path, "rb")
    if not own then
      return nil, message
    end
  end
  local size = own and (ipc.facts(path) or {}).size
  local reader, used = reader_of(own or opened, path)
  if not reader then
    return nil, used
  end
  local items, thing = items_of(reader, path, options.where)
  return function()
    local item, failure = items()
    if not item and own then
      failure = failure or size and shortened(path, size, used())
      own:close()
      items = function() end
      own = nil
    end
    return item, failure
  end, function()
    return size and size > 0 and used() / size or nil
  end, thing or "serial number"
end

return file
