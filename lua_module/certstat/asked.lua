--- What a run has asked, as items: as the ledger has it.
local core = require "certstat.core"
local cjson = require("cjson").new()
local paged = require "certstat.paged"

local M = {}

local LONGEST = 1000 -- bytes of what comes from outside

-- What the record has in columns of its own, and what is as long as the service likes.
local NO_DETAILS = { serial = true, source = true, fields = true, binary = true }

local function bounded(value)
  return type(value) == "string" and #value > LONGEST and core.printable(value, LONGEST) or value
end

-- A copy without the fields that `without` names.
local function copy(fields, without)
  local copied = {}
  for name, value in pairs(fields) do
    if not without[name] then copied[name] = bounded(value) end
  end
  return copied
end

local function details_of(item)
  local details = copy(item, NO_DETAILS)
  details.row = item.row and copy(item.row, {})
  return next(details) ~= nil and cjson.encode(details) or nil
end

--- row(item, position, detailed) → what the ledger takes: {position =, key =, given =, source =, details =}.
-- item: of certstat.command.input, or a certificate of client:certificates. detailed: it will come from here again, so
-- that all that is known of it is kept.
function M.row(item, position, detailed)
  local shown, source = item.row or item, item.source or item.identifier
  return {
    position = position, source = source and core.printable(source, LONGEST),
    key = not item.row and core.serial(item.serial, item.binary and "binary" or "text") or nil,
    given = core.printable(shown.serial, LONGEST), details = detailed and details_of(item) or nil,
  }
end

--- item(row) → the item of which row(item, position, true) made that row.
function M.item(row)
  local item = row.details and cjson.decode(row.details) or {}
  if not item.row then
    item.serial = row.given
    if not item.identifier then item.source = row.source end -- which stood for it
  end
  return item
end

--- rows(ledger, run) → an iterator of what a run has asked, in its order; or nil, message, info.
function M.rows(ledger, run)
  return paged(function(last)
    local page, message, info = ledger:asked(run, last and last.position or 0)
    if not page then return nil, "ledger: " .. message, info end
    return page
  end)
end

return M
