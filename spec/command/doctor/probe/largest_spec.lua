local largest = require "certstat.command.doctor.probe.largest"

-- Searches for `limit` among the numbers up to top: the tries.
local function search(top, limit)
  local one, tries = largest.new(top), {}
  for number in function() return one:next() end do
    tries[#tries + 1] = number
    one:tell(number, number <= limit)
    assert.is_true(#tries < 20)
  end
  assert.equal(limit, one.good)
  assert.equal(limit + 1, one.bad)
  return tries
end

describe("the largest number that is accepted", function()
  it("is found at once where it is the largest that there may be", function()
    assert.same({ 190 }, search(190, 190))
    assert.same({ 1 }, search(1, 1))
    assert.same({ 1 }, search(1, 0))
  end)

  it("is found by a few tries where it is a round one", function()
    assert.same({ 190, 100, 101 }, search(190, 100))
    assert.same({ 190, 100, 50, 51 }, search(190, 50))
    assert.same({ 190, 100, 50, 20, 10, 11 }, search(190, 10))
    assert.same({ 190, 100, 50, 20, 10, 1, 2 }, search(190, 1))
    assert.same({ 1000, 500, 501 }, search(1000, 500))
  end)

  it("is found whatever it is", function()
    for top = 1, 200, 7 do
      for limit = 0, top do assert.is_true(#search(top, limit) <= 12) end
    end
  end)
end)
