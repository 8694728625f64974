local shortened = require "certstat.shortened"

describe("shortened", function()
  it("shows of an access key id its ends, or its beginning", function()
    assert.equal("LTAI...AnId", shortened("LTAI5tExampleOfAnId"))
    assert.equal("te...", shortened("testid"))
    assert.equal("a...", shortened("a"))
  end)
end)
