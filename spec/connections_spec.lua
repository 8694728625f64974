local connections = require "certstat.connections"

local now, started, dropped, ready, opening, refused

-- Connections of a net that has `ready` and is `opening`.
local function new(rate)
  now, started, dropped, ready, opening, refused = 5e9, {}, {}, 0, 0, nil
  return connections.new {
    host = { now_ns = function() return now end }, url = "https://cas.example.com", rate = rate or 10,
    net = {
      ready = function() return ready, opening end,
      drop = function(_, id) table.insert(dropped, id) end,
      start = function(_, request)
        if refused then return nil, refused, { class = "limit" } end
        table.insert(started, request)
        return true
      end,
    },
  }
end

describe("connections", function()
  it("are opened for calls that wait, as many as there are not", function()
    local one = new()
    for _, row in ipairs {
      { waiting = 0, opens = false }, { waiting = 1, opens = true }, { waiting = 1, ready = 1, opens = false },
      { waiting = 1, opening = 1, opens = false }, { waiting = 3, ready = 1, opening = 1, opens = true },
      { waiting = 100, ready = 4, opening = 5, opens = true }, { waiting = 100, ready = 4, opening = 6, opens = false },
    } do
      ready, opening = row.ready or 0, row.opening or 0
      assert.equal(row.opens, one:open(row.waiting, {}))
    end
    assert.equal(3, #started)
    assert.same({ id = 0, method = "GET", url = "https://cas.example.com", connect_only = true, connect_ns = 5e9 },
      started[1])
  end)

  it("are not opened for calls that the quota lets go when those on their way have come back", function()
    local one = new(3)
    local flying = { { sent = false }, { sent = true, sent_ns = now - 1e9 + 1 }, { sent = true, sent_ns = 0 } }
    ready = 1
    assert.is_false(one:open(10, flying))
    now = now + 1
    assert.is_true(one:open(10, flying))
  end)

  it("that no call waits for are opened one by one, where they are asked for", function()
    local one = new()
    one:warm()
    assert.is_true(one:open(0, {}))
    opening = 1
    assert.is_false(one:open(0, {}))
    assert.is_true(one.warming)
    ready, opening = 1, 0
    assert.is_false(one:open(0, {}))
    assert.is_false(one.warming)
  end)

  it("may fail", function()
    local one = new()
    one:warm()
    assert.is_false(one:is_failure { id = 7, kind = "failed" })
    assert.is_false(one:is_failure { id = 0, kind = "connected" })
    assert.is_true(one.warming)
    assert.is_true(one:is_failure { id = 0, kind = "failed" })
    assert.is_false(one.warming)
  end)

  it("may not even be begun", function()
    local one = new()
    one:warm()
    refused = "no descriptor"
    assert.same({ n = 3, nil, "no descriptor", { class = "limit" } }, { n = 3, one:open(1, {}) })
    assert.is_false(one.warming)
  end)

  it("are lacking where none is ready, however many are opened", function()
    local one = new()
    opening = 3
    assert.is_true(one:are_lacking())
    ready = 1
    assert.is_false(one:are_lacking())
  end)

  it("are given up", function()
    new():drop()
    assert.same({ 0 }, dropped)
  end)
end)
