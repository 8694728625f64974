local cjson = require("cjson").new()
local pages = require "certstat.pages"

local PAGED, TOKENS, DEEP = "ListClientCertificate", "ListPcaCaCertificate", "ListTagResources"

-- A call function that answers from a list of replies, or by a function, and what it was asked.
local function service(answer)
  local asked = {}
  return function(name, parameters)
    asked[#asked + 1] = parameters
    parameters.name = name
    if type(answer) == "function" then return answer(parameters, #asked) end
    return answer[#asked]
  end, asked
end

local function items(...)
  local list = {}
  for i, identifier in ipairs { ... } do list[i] = { Identifier = identifier } end
  return list
end

local function page(list, more)
  local reply = { RequestId = "R", CertificateList = list }
  for name, value in pairs(more or {}) do reply[name] = value end
  return reply
end

-- The identifiers of all items, joined, and what the iteration ends with.
local function drain(next_item)
  local shown = {}
  while true do
    local item, message, info = next_item()
    if not item then return table.concat(shown, " "), message, info end
    shown[#shown + 1] = item.Identifier or "?"
    assert(#shown < 10000, "endless")
  end
end

describe("pages by number", function()
  it("go on to the last of PageCount", function()
    local call, asked = service {
      page(items("a", "b"), { PageCount = 2 }), page(items("c"), { PageCount = 2 }),
    }
    local parameters = { Identifier = "x" }
    local shown, message = drain(pages.iterate(call, PAGED, parameters))
    assert.equal("a b c", shown)
    assert.is_nil(message)
    assert.same({
      { name = PAGED, Identifier = "x", CurrentPage = 1, ShowSize = 50 },
      { name = PAGED, Identifier = "x", CurrentPage = 2, ShowSize = 50 },
    }, asked)
    assert.same({ Identifier = "x" }, parameters)
  end)

  it("have the size asked for", function()
    local call, asked = service { page(items("a"), { PageCount = 1 }) }
    drain(pages.iterate(call, PAGED, { ShowSize = 7 }))
    assert.equal(7, asked[1].ShowSize)
  end)

  it("without a PageCount that counts, go on to an empty one", function()
    for _, count in ipairs { "absent", cjson.null, "2", true, {}, 0, -1 } do
      local more = { PageCount = count ~= "absent" and count or nil }
      local call, asked = service {
        page(items("a", "b"), more), page(items("c", "d"), more), page({}, more),
      }
      assert.equal("a b c d", drain(pages.iterate(call, PAGED, {})))
      assert.equal(3, #asked)
    end
  end)

  it("that are none give no items", function()
    for _, reply in ipairs {
      page({}, { PageCount = 0, TotalCount = 0 }), page(nil, { PageCount = 0, TotalCount = 0 }), page(nil),
      page(cjson.null, { TotalCount = 0 }), page({}, { PageCount = 3 }),
    } do
      local call, asked = service { reply }
      local shown, message = drain(pages.iterate(call, PAGED, {}))
      assert.equal("", shown)
      assert.is_nil(message)
      assert.equal(1, #asked)
    end
  end)

  it("that shift while certificates are issued give each of them once", function()
    local call = service {
      page(items("a", "b", "c"), { PageCount = 3 }), page(items("c", "d", "e"), { PageCount = 3 }),
      page(items("d", "e", "f"), { PageCount = 3 }),
    }
    assert.equal("a b c d e f", drain(pages.iterate(call, PAGED, {})))
  end)

  it("give an item of one page once, though it is there twice", function()
    local call = service { page(items("a", "a", "b"), { PageCount = 1 }) }
    assert.equal("a b", drain(pages.iterate(call, PAGED, {})))
  end)

  it("give every item that has no identifier", function()
    local list = { {}, {}, { Identifier = cjson.null }, { Identifier = 7 }, { Identifier = 7 } }
    local call = service { page(list, { PageCount = 1 }) }
    local n = 0
    for _ in pages.iterate(call, PAGED, {}) do n = n + 1 end
    assert.equal(5, n)
  end)

  it("remember the identifiers of some pages alone", function()
    local function call(_, parameters)
      local list = {}
      for i = 1, 50 do list[i] = { Identifier = ("%d"):format(parameters.CurrentPage * 50 + i) } end
      return page(list, { PageCount = 2000 })
    end
    local next_item = pages.iterate(call, PAGED, {})
    local function kilobytes()
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    for _ = 1, 10000 do assert(next_item()) end
    local early = kilobytes()
    for _ = 1, 90000 do assert(next_item()) end
    assert.truthy(kilobytes() < early * 1.25)
    assert.is_nil(next_item())
  end)

  it("that bring nothing new for ever end with an error", function()
    local call, asked = service(function() return page(items("a", "b")) end)
    local shown, message, info = drain(pages.iterate(call, PAGED, {}))
    assert.equal("a b", shown)
    assert.equal("ListClientCertificate: expected new items, found none on 100 pages in a row", message)
    assert.same({ class = "protocol", code = "InvalidReply" }, info)
    assert.equal(101, #asked)
  end)
end)

describe("pages by token", function()
  local function reply(list, token) return { RequestId = "R", List = list, NextToken = token } end

  it("go on to one without a token", function()
    for _, last in ipairs { "absent", "", cjson.null } do
      local call, asked = service {
        reply(items("a", "b"), "t1"), reply(items("c"), "t2"), reply(items("d"), last ~= "absent" and last or nil),
      }
      assert.equal("a b c d", drain(pages.iterate(call, TOKENS, {})))
      assert.same({
        { name = TOKENS, MaxResults = 200 }, { name = TOKENS, MaxResults = 200, NextToken = "t1" },
        { name = TOKENS, MaxResults = 200, NextToken = "t2" },
      }, asked)
    end
  end)

  it("go on over an empty one that has a token", function()
    local call = service { reply(items("a"), "t1"), reply({}, "t2"), reply(nil, "t3"), reply(items("b")) }
    assert.equal("a b", drain(pages.iterate(call, TOKENS, {})))
  end)

  it("have the size asked for", function()
    local call, asked = service { reply(items("a")) }
    drain(pages.iterate(call, TOKENS, { MaxResults = 7 }))
    assert.equal(7, asked[1].MaxResults)
  end)

  it("find the list and the token further down in the reply", function()
    local function deep(list, token)
      return { RequestId = "R", Data = { NextToken = token, TagResources = { TagResources = list } } }
    end
    local call, asked = service { deep(items("a"), "t1"), deep(items("b")) }
    assert.equal("a b", drain(pages.iterate(call, DEEP, { RegionId = "r", ResourceType = "instance" })))
    assert.equal("t1", asked[2].NextToken)
    call = service { { RequestId = "R", Data = "none" } }
    assert.equal("", drain(pages.iterate(call, DEEP, {})))
  end)

  it("that give a token again, or one that is none, end with an error", function()
    local rows = {
      { "t1", "a new token in NextToken, found the one before again" },
      { 7, "a string in NextToken, found a number" },
      { {}, "a string in NextToken, found a table" },
      { false, "a string in NextToken, found a boolean" },
    }
    for _, row in ipairs(rows) do
      local call = service { reply(items("a"), "t1"), reply(items("b"), row[1]) }
      local shown, message, info = drain(pages.iterate(call, TOKENS, {}))
      assert.equal("a", shown)
      assert.equal("ListPcaCaCertificate: expected " .. row[2], message)
      assert.same({ class = "protocol", code = "InvalidReply" }, info)
    end
  end)

  it("that are empty for ever end with an error", function()
    local call, asked = service(function(_, n) return reply({}, "t" .. n) end)
    local shown, message, info = drain(pages.iterate(call, TOKENS, {}))
    assert.equal("", shown)
    assert.equal("ListPcaCaCertificate: expected new items, found none on 100 pages in a row", message)
    assert.same({ class = "protocol", code = "InvalidReply" }, info)
    assert.equal(100, #asked)
  end)
end)

describe("a page", function()
  it("that can't be read ends the list with what was expected", function()
    local rows = {
      { "many", nil, "an array in CertificateList, found a string" },
      { 3, nil, "an array in CertificateList, found a number" },
      { true, nil, "an array in CertificateList, found a boolean" },
      { { a = {} }, nil, "an array in CertificateList, found an object" },
      { { "a" }, nil, "objects in CertificateList, found a string" },
      { { {}, cjson.null }, nil, "objects in CertificateList, found nothing" },
      { nil, { TotalCount = 3 }, "an array in CertificateList, found nothing" },
      { cjson.null, { TotalCount = 3 }, "an array in CertificateList, found nothing" },
    }
    for _, row in ipairs(rows) do
      local call = service { page(items("a"), { PageCount = 2 }), page(row[1], row[2]) }
      local next_item = pages.iterate(call, PAGED, {})
      local shown, message, info = drain(next_item)
      assert.equal("a", shown)
      assert.equal("ListClientCertificate: expected " .. row[3], message)
      assert.same({ class = "protocol", code = "InvalidReply" }, info)
    end
  end)

  it("that could not be had ends the list, after the items before it, for good", function()
    local info = { class = "network", code = "NoReply" }
    local call, asked = service(function(_, n)
      if n == 1 then return page(items("a", "b"), { PageCount = 3 }) end
      return nil, "no reply", info
    end)
    local next_item = pages.iterate(call, PAGED, {})
    for _ = 1, 3 do
      local shown, message, given = drain(next_item)
      assert.truthy(shown == "a b" or shown == "")
      assert.equal("no reply", message)
      assert.equal(info, given)
    end
    assert.equal(2, #asked)
  end)

  it("is asked for when its first item is", function()
    local call, asked = service { page(items("a"), { PageCount = 2 }), page(items("b"), { PageCount = 2 }) }
    local next_item = pages.iterate(call, PAGED, {})
    assert.equal(0, #asked)
    next_item()
    assert.equal(1, #asked)
    next_item()
    assert.equal(2, #asked)
    assert.is_nil(next_item())
    assert.is_nil(next_item())
    assert.equal(2, #asked)
  end)
end)
