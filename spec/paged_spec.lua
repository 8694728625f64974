local paged = require "certstat.paged"

-- what is read after 1, 2, … rows, and what for
local function reader(pages)
  local asked = {}
  return function(after)
    asked[#asked + 1] = after or "nothing"
    local page = table.remove(pages, 1)
    if type(page) == "string" then return nil, page, { class = "limit" } end
    return page or {}
  end, asked
end

describe("paged", function()
  it("gives the rows of all pages, and asks for each by the row before it", function()
    local read, asked = reader { { 1, 2 }, { 3 } }
    local rows = paged(read)
    assert.same({ 1, 2, 3 }, { rows(), rows(), rows() })
    assert.equal(0, #{ rows() })
    assert.same({ "nothing", 2, 3 }, asked)
  end)

  it("gives nothing where there is nothing", function()
    assert.is_nil(paged((reader {}))())
  end)

  it("fails as the reading does, after the rows before", function()
    local rows = paged((reader { { 1 }, "is damaged" }))
    assert.equal(1, rows())
    assert.same({ nil, "is damaged", { class = "limit" } }, { rows() })
  end)
end)
