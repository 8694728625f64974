--- input.lua - the serials that a user hands in: a text list, a file of certificates, a folder of such files,
-- or the standard input. What a file is, its content says, not its name.
--
-- Everything is an iterator of items. An item is {serial = text, source = where it was found} to be asked about,
-- or {row = row} where there is nothing to ask: a damaged certificate, an unreadable file of a folder, a line
-- without end. It becomes a report's row as it is, so that nothing handed in vanishes. After the last item an iterator
-- returns nil; after a failure nil and a message.
local core = require "certstat.core"
local ipc = require "certstat.ipc"
local lines = require "certstat.command.lines"

local input = {}

local function invalid(label, message)
  return { row = { serial = label, status = "invalid", class = "argument", message = message } }
end

local function serials_of(reader)
  return function()
    while true do
      local line, message = reader:next()
      if not line then
        return nil, message
      elseif message then
        return invalid(line, message)
      end
      if reader.number == 1 then
        line = line:gsub("^\239\187\191", "") -- the byte order mark of UTF-8
      end
      line = line:gsub("^%s+", ""):gsub("%s+$", "")
      if line ~= "" and line:sub(1, 1) ~= "#" then
        return { serial = line, source = "line " .. reader.number }
      end
    end
  end
end

-- Items of the certificates in `bytes`, which were found at `label`.
local function items_of(bytes, label)
  local found, message = core.certificates(bytes)
  if not found then
    return { invalid(label, message) }
  end
  local items = {}
  for i, certificate in ipairs(found) do
    items[i] = certificate.error and invalid(label, certificate.error)
      or { serial = certificate.serial, source = label }
  end
  return items
end

-- From a BEGIN line on to the END line: the block; nil and what is wrong with it.
local function pem_block(reader, begin)
  local block, size, from = { begin }, 0, reader.number
  while true do
    local line, message = reader:next()
    if not line then
      return nil, message or ("the certificate that begins on line %d has no END line"):format(from)
    end
    block[#block + 1] = line
    size = size + #line
    if line:find("^%-%-%-%-%-END ") then
      return table.concat(block, "\n") .. "\n"
    elseif message or size > lines.MOST then
      return nil, ("the certificate that begins on line %d is longer than %d bytes"):format(from, lines.MOST)
    end
  end
end

-- A PEM file of any length, block by block. Keys, requests, CRLs and text between are passed over.
local function pem_certificates(reader, name)
  local ready, at = {}, 0
  return function()
    while at >= #ready do
      local line, message = reader:next()
      if not line then
        return nil, message
      end
      local kind = line:match("^%-%-%-%-%-BEGIN ([%u%d ]+)%-%-%-%-%-")
      if kind == "CERTIFICATE" or kind == "X509 CERTIFICATE" or kind == "TRUSTED CERTIFICATE" then
        local block, damage = pem_block(reader, line)
        ready, at = block and items_of(block, name) or { invalid(name, damage) }, 0
      end
    end
    at = at + 1
    return ready[at]
  end
end

local function der_certificates(reader, name)
  local ready, at
  return function()
    if not ready then
      local bytes, message = reader:rest(lines.MOST)
      if not bytes then
        return nil, message
      end
      ready, at = items_of(bytes, name), 0
    end
    at = at + 1
    return ready[at]
  end
end

-- The certificates of a PEM or DER file, or nil where it holds neither.
local function certificates_of(reader, name)
  local head = reader:head()
  if head:find("-----BEGIN ", 1, true) then
    return pem_certificates(reader, name)
  elseif head:find("^0[\128-\255]") then -- a DER SEQUENCE in the long form; no serial begins so
    return der_certificates(reader, name)
  end
end

-- `iterator`, closing `file` at its end.
local function closing(file, iterator)
  return function()
    local item, message = iterator()
    if not item then
      file:close()
    end
    return item, message
  end
end

-- `iterator` with its first item read ahead; nil and a message where it fails or there is none.
local function begun(iterator, nothing)
  local first, message = iterator()
  if not first then
    return nil, message or nothing
  end
  return function()
    if first then
      local item = first
      first = nil
      return item
    end
    return iterator()
  end
end

local function none()
  return nil
end

-- The certificates of one file of a folder; none where it holds something else.
local function file_certificates(path)
  local file, message = io.open(path, "rb")
  if not file then
    return function()
      return nil, message
    end
  end
  return closing(file, certificates_of(lines.new(file), path) or none)
end

-- The certificates of a folder's files, in the order of their names. A file that can't be read becomes an
-- item.
local function directory_certificates(paths)
  local at, current = 0, none
  return function()
    while true do
      local item, message = current()
      if item then
        return item
      elseif message then
        current = none
        return invalid(paths[at], message)
      elseif at == #paths then
        return nil
      end
      at = at + 1
      current = file_certificates(paths[at])
    end
  end, function()
    return at / #paths
  end
end

local function facts(path)
  return ipc.facts(path) or {}
end

-- The files of a folder, sorted, but those whose name begins with a dot; nil and a message where it can't be
-- read.
local function directory_files(path)
  local paths = {}
  local fine, message = pcall(function()
    for name in require("lfs").dir(path) do
      if name:sub(1, 1) ~= "." and facts(path .. "/" .. name).kind == "file" then
        paths[#paths + 1] = path .. "/" .. name
      end
    end
  end)
  if not fine then
    return nil, message
  end
  table.sort(paths)
  return paths
end

local function open_directory(path)
  local paths, message = directory_files(path)
  if not paths then
    return nil, message
  end
  local certificates, share = directory_certificates(paths)
  local items, nothing = begun(certificates, "no certificate in the folder " .. path)
  return items, nothing or share
end

-- The bytes of `name`, its size where that is known; nil and a message.
local function open_bytes(name, stdin)
  if name == "-" then
    return stdin, nil
  end
  local file, message = io.open(name, "rb")
  return file, message or facts(name).size
end

-- `otherwise`: what a file without certificates is read as, function(reader); nil where it has to hold some.
local function open_file(name, stdin, otherwise, nothing)
  local file, size = open_bytes(name, stdin)
  if not file then
    return nil, size
  end
  local reader = lines.new(file)
  local iterator = certificates_of(reader, name)
  if iterator then
    nothing = "no certificate in "
  else
    iterator = otherwise and otherwise(reader) or none
  end
  if file ~= stdin then
    iterator = closing(file, iterator)
  end
  local items, message = begun(iterator, nothing .. (name == "-" and "the standard input" or name))
  if not items then
    return nil, message
  end
  return items, function()
    return size and size > 0 and reader:position() / size or nil
  end
end

--- Opens what `name` says: a file, a folder, or "-" for `stdin`. Returns an iterator of items and a function:
-- which share of the input is read, 0 to 1, or nil where that is not known. Or nil and a message, also where
-- there is not a single item.
function input.open(name, stdin)
  if name ~= "-" and facts(name).kind == "folder" then
    return open_directory(name)
  end
  return open_file(name, stdin, serials_of, "no serial number in ")
end

--- Opens a PEM or DER file, or "-" for `stdin`; as input.open.
function input.open_certificates(name, stdin)
  return open_file(name, stdin, nil, "no certificate in ")
end

return input
