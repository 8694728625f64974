local pages = require "certstat.emulator.pages"

describe("a page", function()
  for _, case in ipairs {
    { {}, { first = 1, size = 20, page = 1 } },
    { { CurrentPage = "", ShowSize = "" }, { first = 1, size = 20, page = 1 } },
    { { CurrentPage = "3", ShowSize = "7" }, { first = 15, size = 7, page = 3 } },
    { { ShowSize = "1000" }, { first = 1, size = 1000, page = 1 } },
  } do
    it(("%s of %s begins at %d"):format(case[1].CurrentPage or "", case[1].ShowSize or "", case[2].first), function()
      assert.same(case[2], pages.page(case[1], 20))
    end)
  end

  for _, text in ipairs { "0", "-1", "1.5", "x", " 1", "1e1", "9999999999" } do
    it(("refuses CurrentPage '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "CurrentPage is not valid." }, { pages.page({ CurrentPage = text }, 20) })
    end)
  end

  for _, text in ipairs { "0", "1001", "x" } do
    it(("refuses ShowSize '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "ShowSize is not valid: 1 to 1000." },
        { pages.page({ ShowSize = text }, 20) })
    end)
  end

  it("says how it stands to all", function()
    local values = {}
    pages.set(values, { page = 2, size = 20 }, 45)
    assert.same({ CurrentPage = 2, ShowSize = 20, TotalCount = 45, PageCount = 3 }, values)
    pages.set(values, { page = 1, size = 20 }, 0)
    assert.equal(0, values.PageCount)
  end)
end)

describe("a page by token", function()
  it("leads to the next, until there is none", function()
    local asked, found = pages.token({}, 2, 2000), {}
    repeat
      local values = {}
      for _, item in ipairs(pages.cut({ "a", "b", "c", "d", "e" }, asked)) do found[#found + 1] = item end
      pages.set(values, asked, 5)
      assert.equal(2, values.MaxResults)
      asked = values.NextToken and pages.token({ NextToken = values.NextToken, MaxResults = "2" }, 20, 2000)
    until not asked
    assert.equal("abcde", table.concat(found))
  end)

  it("has no next one where a page ends with the list", function()
    local values = {}
    pages.set(values, { first = 3, size = 2 }, 4)
    assert.is_nil(values.NextToken)
    pages.set(values, { first = 3, size = 2 }, 5)
    assert.equal("string", type(values.NextToken))
  end)

  for _, text in ipairs { "0", "2001", "x" } do
    it(("refuses MaxResults '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "MaxResults is not valid: 1 to 2000." },
        { pages.token({ MaxResults = text }, 20, 2000) })
    end)
  end

  for _, text in ipairs { "1", "from-", "from-0", "from--1", "from-12345678901", "from-1 " } do
    it(("refuses NextToken '%s'"):format(text), function()
      assert.same({ nil, "InvalidParameter", "NextToken is not valid." },
        { pages.token({ NextToken = text }, 20, 2000) })
    end)
  end
end)

describe("a page of a list that has both ways", function()
  it("is by token where a parameter is one of its", function()
    assert.same({ first = 1, size = 20, page = 1 }, pages.either({}, 20))
    assert.same({ first = 6, size = 5, page = 2 },
      pages.either({ CurrentPage = "2", ShowSize = "5", NextToken = "" }, 20))
    assert.same({ first = 1, size = 5 }, pages.either({ MaxResults = "5" }, 20))
    assert.same({ first = 3, size = 20 }, pages.either({ NextToken = "from-3" }, 20))
    assert.same({ n = 3, nil, "InvalidParameter", "MaxResults is not valid: 1 to 1000." },
      { n = 3, pages.either({ MaxResults = "1001" }, 20) })
  end)

  it("says how many there are, by token too", function()
    local values = {}
    pages.set(values, { first = 1, size = 2 }, 4)
    assert.same({ MaxResults = 2, NextToken = "from-3", TotalCount = 4 }, values)
  end)
end)
