--- input.lua - which source a user names: what the service lists, a file in one of several formats, a folder, the
-- standard input. The sources themselves are certstat.sources.*.
--
-- Each is an iterator of items: {serial =, source = where it was found, …} to be asked about, or {row = row} where
-- there is nothing to ask; and a function that tells which share of it is read, nil where that is not known. After the
-- last item an iterator returns nil; after a failure nil, message, info.
local file = require "certstat.sources.file"
local folder = require "certstat.sources.folder"
local ipc = require "certstat.ipc"
local service = require "certstat.sources.service"

local input = {}

--- For the help of the commands that take sources.
input.HELP = [[
A SOURCE is one of:
   list              every certificate that the service lists
   changed:DATE      those that it lists as changed since DATE, 2026-01-02 or
                     '2026-01-02 03:04:05'
   revoked           those that it lists as revoked
   FILE              a text list (one serial a line, # begins a comment), PEM or DER
                     certificates, or the index.txt of openssl ca
   DIR               a folder: the PEM and DER certificates in its files, by file name
   csv:COLUMN:FILE   the column of that name; tsv:COLUMN:FILE likewise
   ndjson:FIELD:FILE a JSON object a line; FIELD may be a path, tls.serial
   log:FIELD:FILE    an access log with FIELD=value in each line, or an object of JSON
   match:PATTERN:FILE  what a Lua pattern captures in each line
A FILE may be - for the standard input, and may be packed by gzip.]]

local FORMATS = { csv = true, tsv = true, ndjson = true, log = true, match = true }

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

local function kind_of(path)
  return (ipc.facts(path) or {}).kind
end

-- A file or "-", as file.open takes it; a log may be empty, anything else has to hold something.
local function open_file(path, options, stdin)
  local items, share, thing = file.open(path, options, path == "-" and stdin or nil)
  if not items then
    return nil, share
  end
  if options.format ~= "log" then
    local message
    items, message = begun(items, ("no %s in %s"):format(thing, path == "-" and "the standard input" or path))
    if not items then
      return nil, message
    end
  end
  return items, share
end

-- "csv:COLUMN:FILE" → format, where, path. FILE is what is behind the last colon, so a pattern may have colons.
local function parse(source)
  local format, where, path = source:match("^(%l+):(.+):([^:]+)$")
  if FORMATS[format] then
    return format, where, path
  end
  return nil, nil, source
end

-- What is wrong with a source's name; nil where nothing is.
local function mistake_in(source)
  local word, rest = source:match("^(%l+):(.*)$")
  if word == "changed" and not (rest:find("^%d%d%d%d%-%d%d%-%d%d$")
      or rest:find("^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d$")) then
    return ("%s: expected changed:2026-01-02 or changed:'2026-01-02 03:04:05'"):format(source)
  elseif FORMATS[word] and not rest:find("^.+:[^:]+$") then
    return ("%s: expected %s:%s:FILE"):format(source, word,
      (word == "csv" or word == "tsv") and "COLUMN" or word == "match" and "PATTERN" or "FIELD")
  end
end

-- The list of the service that a source names, and since when; nil where it names none.
local function listed(source)
  local since = source:match("^changed:(.*)$")
  return source == "list" and "all" or source == "revoked" and "revoked" or since and "changed" or nil, since
end

--- Opens what `source` says, see input.HELP. stdin: what "-" reads; client: a certstat.client, or nil where nobody is
-- to be asked. Returns an iterator of items and the function that tells its share; or nil and a message, also where a
-- file or folder has not a single item.
function input.open(source, stdin, client)
  local mistake = mistake_in(source)
  if mistake then
    return nil, mistake
  end
  local list, since = listed(source)
  if list and client then
    return service.open(client, list, since)
  end
  local format, where, path = parse(source)
  if not format and path ~= "-" and kind_of(path) == "folder" then
    local items, share = folder.open(path)
    local message
    if items then
      items, message = begun(items, "no certificate in the folder " .. path)
    end
    return items, message or share
  end
  return open_file(path, { format = format, where = where }, stdin)
end

--- Those of several sources that are lists of the service, which come in another order another time; and the others.
function input.divided(sources)
  local lists, others = {}, {}
  for _, source in ipairs(sources) do
    table.insert(listed(source) and lists or others, source)
  end
  return lists, others
end

--- How large a list of the service is: as certstat.sources.service has it. It asks the service, once.
function input.size(source, client)
  local mistake = mistake_in(source)
  if mistake then
    return nil, mistake, { class = "argument" }
  end
  return service.size(client, listed(source))
end

--- Opens several sources, which are read one after the other; as input.open.
function input.open_all(sources, stdin, client)
  local opened, stdins = {}, 0
  for i, source in ipairs(sources) do
    stdins = stdins + (source:find("^%-$") and 1 or source:find(":%-$") and 1 or 0)
    if stdins > 1 then
      return nil, "the standard input can be read only once"
    end
    local items, share = input.open(source, stdin, client)
    if not items then
      return nil, share
    end
    opened[i] = { items = items, share = share }
  end
  local at = 1
  return function()
    while opened[at] do
      local item, message, info = opened[at].items()
      if item or message then
        return item, message, info
      end
      at = at + 1
    end
  end, function()
    local reached = math.min(at, #opened)
    local share = opened[reached].share()
    return share and (reached - 1 + share) / #opened
  end
end

--- Opens a PEM or DER file, or "-" for `stdin`; as input.open.
function input.open_certificates(path, stdin)
  return open_file(path, { format = "certificates" }, stdin)
end

return input
