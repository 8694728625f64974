local in_order = require "certstat.command.in_order"

-- an iterator of `list`, ending with failure = {message, info} where given
local function items_of(list, failure)
  local at = 0
  return function()
    at = at + 1
    if list[at] then
      return list[at]
    end
    return nil, failure and failure[1], failure and failure[2]
  end
end

-- an audit that reads `ahead` items before it gives the row of the first, and fails after `most` rows
local function audit_of(ahead, most, failure)
  return function(source)
    local read, given, ended, message, info = {}, 0, false, nil, nil
    return function()
      while not ended and #read < ahead do
        local item
        item, message, info = source()
        read[#read + 1] = item
        ended = item == nil
      end
      if given == most then
        return nil, failure[1], failure[2]
      elseif #read == 0 then
        return nil, message, info
      end
      given = given + 1
      return { serial = table.remove(read, 1).serial, status = "good" }
    end
  end
end

local function collect(rows)
  local found = {}
  while true do
    local row, message, info = rows()
    if not row then
      return table.concat(found, " "), message, info
    end
    found[#found + 1] = row.serial .. "=" .. row.status
  end
end

local function asked(serial)
  return { serial = serial }
end

local function ready(serial)
  return { row = { serial = serial, status = "invalid" } }
end

describe("command.in_order", function()
  for ahead = 1, 5 do
    it(("keeps the order where the audit reads %d ahead"):format(ahead), function()
      local items = items_of { ready("a"), asked("b"), asked("c"), ready("d"), ready("e"), asked("f"), ready("g") }
      local rows, read = in_order.rows(items, audit_of(ahead))
      assert.equal("a=invalid b=good c=good d=invalid e=invalid f=good g=invalid", collect(rows))
      assert.equal(7, read())
    end)
  end

  it("gives rows where nothing is to be asked", function()
    assert.equal("a=invalid b=invalid", collect((in_order.rows(items_of { ready("a"), ready("b") }, audit_of(3)))))
    assert.equal("", collect((in_order.rows(items_of {}, audit_of(3)))))
  end)

  it("says what cut the items short, after the rows of those before", function()
    local items = items_of({ asked("a"), ready("b") }, { "no more", { class = "denied" } })
    local text, message, info = collect((in_order.rows(items, audit_of(3))))
    assert.equal("a=good b=invalid", text)
    assert.equal("no more", message)
    assert.same({ class = "denied" }, info)
  end)

  it("says what cut the audit short", function()
    local items = items_of { asked("a"), asked("b"), ready("c") }
    local text, message, info = collect((in_order.rows(items, audit_of(3, 1, { "gone", { class = "network" } }))))
    assert.equal("a=good", text)
    assert.equal("gone", message)
    assert.same({ class = "network" }, info)
  end)

  it("holds no row back until the next one is asked for", function()
    local pulled = 0
    local rows = in_order.rows(function()
      pulled = pulled + 1
      return pulled <= 100 and asked(tostring(pulled)) or nil
    end, audit_of(4))
    rows()
    assert.equal(4, pulled)
  end)
end)
