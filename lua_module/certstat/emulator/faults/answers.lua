--- What a fault makes of an answer. Pure: how it is then sent, delivery does.
--
-- A reply is {status =, headers =, shape =, values =, …}, see gateway.answer; faults change these, and add: body (the
-- text instead of them), content_type, cut (the body ends after so many bytes), date_offset_s, delay_s, and one way of
-- sending: ending ("reset" or "close", after after_bytes, nil: before the reply), drip {bytes =, every_ms =}, endless.
local M = {}

local function copy(from)
  local to = {}
  for name, value in pairs(from) do to[name] = value end
  return to
end

-- The list of a reply whose elements have serials, or an empty one.
local function serials_of(reply)
  for _, value in pairs(reply.values) do
    if type(value) == "table" and value[1] and value[1].SerialNumber then return value end
  end
  return {}
end

-- Gives the field named `name`, or LIST.FIELD in every element of a list, a value of any type.
local function set_field(values, shape, name, value)
  local list, inner = name:match("^([^.]+)%.(.+)$")
  local changed = {}
  for i, field in ipairs(shape) do
    changed[i] = field
    if list and field[1] == list and type(field[2]) == "table" and type(field[2].list) == "table" then
      local elements = field[2].list
      for _, element in ipairs(values[list] or {}) do elements = set_field(element, field[2].list, inner, value) end
      changed[i] = { list, { list = elements } }
    elseif field[1] == name then
      changed[i], values[name] = { name, "json" }, value
    end
  end
  return changed
end

local CONTRARY = { good = "revoked", revoked = "good", unknown = "good", ISSUE = "REVOKE", REVOKE = "ISSUE" }

-- A serial beside the one given that is not in the list.
local function stranger(list, serial)
  local taken = {}
  for _, element in ipairs(list) do taken[element.SerialNumber] = true end
  for digit = 0, 15 do
    local other = serial:sub(1, -2) .. ("%x"):format(digit)
    if not taken[other] then return other end
  end
  return serial .. "00"
end

local ERROR = { { "RequestId", "string" }, { "Code", "string" }, { "Message", "string" } }

local KINDS = {}

function KINDS.latency(reply, rule)
  reply.delay_s = (reply.delay_s or 0) + math.min(rule.random:draw(rule.ms), 600000) / 1000
end

function KINDS.error(reply, rule)
  reply.status, reply.root, reply.shape = rule.status, "Error", ERROR
  reply.values = { RequestId = reply.values.RequestId, Code = rule.code, Message = rule.message }
end

function KINDS.text(reply, rule)
  reply.status, reply.content_type, reply.body = rule.status, rule.type, rule.text
end

function KINDS.redirect(reply, rule)
  reply.status, reply.headers.Location, reply.body, reply.content_type = 302, rule.location, "", "text/html"
end

function KINDS.date(reply, rule) reply.date_offset_s = rule.offset_s end

function KINDS.field(reply, rule) reply.shape = set_field(reply.values, reply.shape, rule.name, rule.value) end

function KINDS.duplicate(reply)
  local list = serials_of(reply)
  list[#list + 1] = list[1]
end

function KINDS.missing(reply) table.remove(serials_of(reply), 1) end

function KINDS.reordered(reply)
  local list = serials_of(reply)
  for i = 1, math.floor(#list / 2) do list[i], list[#list + 1 - i] = list[#list + 1 - i], list[i] end
end

function KINDS.contradicting(reply)
  local list = serials_of(reply)
  if not list[1] then return end
  local other = copy(list[1])
  other.Status = CONTRARY[other.Status]
  list[#list + 1] = other
end

function KINDS.foreign(reply)
  local list = serials_of(reply)
  if not list[1] then return end
  local other = copy(list[1])
  other.SerialNumber = stranger(list, other.SerialNumber)
  list[1] = other
end

function KINDS.truncated(reply, rule) reply.cut = rule.bytes end
function KINDS.endless(reply) reply.endless = true end
function KINDS.drip(reply, rule) reply.drip = rule end
function KINDS.reset(reply, rule) reply.ending, reply.after_bytes = "reset", rule.after_bytes end
function KINDS.close(reply, rule) reply.ending, reply.after_bytes = "close", rule.after_bytes end
function KINDS.close_kept(reply, _, call)
  if call.is_kept then reply.ending, reply.after_bytes = "close", nil end
end

--- Has a reply suffer the faults that were chosen for it. call: {is_kept = whether its connection, of HTTP/1, has
-- carried another}.
function M.spoil(reply, rules, call)
  for _, rule in ipairs(rules) do KINDS[rule.kind](reply, rule, call) end
end

return M
