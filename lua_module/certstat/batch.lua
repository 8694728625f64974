--- Serials to calls, and answers back to serials.
local classify = require "certstat.classify"
local core = require "certstat.core"
local times = require "certstat.times"

local M = {}

M.OPERATION = "DescribeClientCertificateStatusForSerialNumber"

-- The serials travel in the request line; servers commonly take 8 KiB of it (nginx: large_client_header_buffers).
M.URL_BYTES = 7500
local COMMA_BYTES = 3 -- %2C
local LONGEST_BYTES = 40 -- of a key: 20 octets (RFC 5280 4.1.2.2)

--- What goes over the wire for an item: the service's own spelling of the serial where it is known, else the key.
function M.wire(item, key)
  local wire = item.wire
  if wire == nil or wire == key then return key end
  if wire == item.serial and not item.binary then return wire end
  return type(wire) == "string" and core.serial(wire) == key and wire or key
end

-- As the query has it, where all but letters, digits and -._~ are three bytes.
local function bytes_of(entry)
  local wire = entry.wire
  if wire == entry.key then return #wire end -- digits and letters, as nearly always
  local _, escaped = wire:gsub("[^%w%-._~]", "")
  return #wire + 2 * escaped
end

--- How many serials a call of at most `count` holds where all are as long as serials can be.
function M.most(count)
  return math.min(count, math.floor((M.URL_BYTES + COMMA_BYTES) / (LONGEST_BYTES + COMMA_BYTES)))
end

--- new() → an open batch.
function M.new() return { entries = {}, bytes = 0 } end

--- Whether `entry` still fits into `batch` of at most `count` serials.
function M.fits(batch, entry, count)
  local n = #batch.entries
  return n == 0 or n < count and batch.bytes + COMMA_BYTES + bytes_of(entry) <= M.URL_BYTES
end

--- Puts `entry` = {key =, wire =} into `batch`.
function M.add(batch, entry)
  batch.bytes = batch.bytes + bytes_of(entry) + (#batch.entries > 0 and COMMA_BYTES or 0)
  batch.entries[#batch.entries + 1] = entry
end

--- The query of a batch's call.
function M.query(batch)
  local wires = {}
  for i, entry in ipairs(batch.entries) do wires[i] = entry.wire end
  return { SerialNumber = table.concat(wires, ",") }
end

--- Divides a batch into pieces of at most `size` serials.
function M.divide(batch, size)
  local pieces, piece = {}, nil
  for i, entry in ipairs(batch.entries) do
    if (i - 1) % size == 0 then
      piece = M.new()
      pieces[#pieces + 1] = piece
    end
    M.add(piece, entry)
  end
  return pieces
end

-- The answers that carry nothing else are shared: a run remembers many.
local GOOD, UNKNOWN, ABSENT = { status = "good" }, { status = "unknown" }, { status = "absent" }
local CONFLICT = { status = "conflict" }

local function protocol_error(code, message, word)
  return { status = "error", class = "protocol", code = code, message = message, word = word }
end

-- One element of CertificateStatus → an answer.
local function read_element(element)
  local word = classify.present(element.Status)
  if word == "good" then return GOOD end -- the page's own sample has a RevokeTime on it, 0
  if word == "unknown" then return UNKNOWN end
  if word == "revoked" then
    return { status = "revoked", revoked_at = times.read(classify.present(element.RevokeTime)) }
  end
  if type(word) ~= "string" then
    local found = word == nil and "nothing" or "a " .. type(word)
    return protocol_error("InvalidReply", "expected a string in Status, found " .. found)
  end
  local shown = core.printable(word, 40)
  local message = ("expected good, revoked or unknown in Status, found '%s'"):format(shown)
  return protocol_error("UnknownStatus", message, shown)
end

local function same(a, b)
  return a.status == b.status and a.revoked_at == b.revoked_at and a.code == b.code and a.word == b.word
end

local function unreadable(reply, expected, found)
  local request_id = classify.present(reply.RequestId)
  return nil, ("expected %s in CertificateStatus, found %s"):format(expected, found), {
    class = "protocol", code = "InvalidReply",
    request_id = type(request_id) == "string" and core.printable(request_id, 100) or nil,
  }
end

-- CertificateStatus of a reply → {[key] = answer}; or nil, message, info.
local function read_reply(reply)
  local list = classify.present(reply.CertificateStatus)
  if list == nil then return unreadable(reply, "an array", "nothing") end
  if type(list) ~= "table" then return unreadable(reply, "an array", "a " .. type(list)) end
  if next(list) ~= nil and list[1] == nil then return unreadable(reply, "an array", "an object") end
  local answers = {}
  for _, element in ipairs(list) do
    local serial = type(element) == "table" and classify.present(element.SerialNumber)
    if type(serial) ~= "string" then return unreadable(reply, "objects with a string in SerialNumber", "others") end
    local key = core.serial(serial)
    if key then
      local answer = read_element(element)
      if answers[key] == nil then
        answers[key] = answer
      elseif not same(answers[key], answer) then
        answers[key] = CONFLICT
      end
    end
  end
  return answers
end

--- Matches a reply with a batch by canonical key → the answers to the batch's entries, in their order: {status =,
-- revoked_at =, class =, code =, message =, word =}, read only. What the service left out is `absent`, what it answered
-- in two ways `conflict`; what was not asked for is passed over.
-- Or nil, message, info where the reply as a whole can't be read.
function M.match(batch, reply)
  local answers, message, info = read_reply(reply)
  if not answers then return nil, message, info end
  local matched = {}
  for i, entry in ipairs(batch.entries) do matched[i] = answers[entry.key] or ABSENT end
  return matched
end

return M
