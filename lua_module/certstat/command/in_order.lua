--- in_order.lua - rows in the order of what was handed in, where some items are asked about and others are
-- rows already.
local in_order = {}

--- items: an iterator of command/input.lua's items, which may fail with nil, message, info.
-- audit: function(source) that returns an iterator of one row for each item of source, in their order, and fails where
-- its source does (client:audit).
-- Returns an iterator of rows; after the last, nil, or nil, message, info for what cut it short. It holds no more items
-- than `audit` reads ahead. The second result is a function: how many items have been read.
function in_order.rows(items, audit)
  local queue, first, last = {}, 1, 0
  local held, ended, failure, details

  local function source()
    while true do
      local item, message, info = items()
      if not item then
        return nil, message, info
      end
      last = last + 1
      queue[last] = item
      if not item.row then
        return item
      end
    end
  end

  local function pop()
    queue[first] = nil
    first = first + 1
  end

  local asked = audit(source)

  local function rows()
    while true do
      local head = queue[first]
      if head and head.row then
        pop()
        return head.row
      elseif held then
        local row = held
        held = nil
        pop()
        return row
      elseif ended then
        return nil, failure, details
      end
      held, failure, details = asked()
      ended = not held
    end
  end

  return rows, function()
    return last
  end
end

return in_order
