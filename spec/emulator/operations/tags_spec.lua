local authorities = require "spec.emulator.authorities"
local tags = require "certstat.emulator.operations.tags"

local function run(parameters) return authorities.run(tags, parameters) end

describe("ListTagResources", function()
  it("finds none", function()
    assert.same({ Data = { MaxResults = 20, TagResources = { TagResources = {} } } },
      run { RegionId = "cn-hangzhou", ResourceType = "instance" })
  end)

  for _, case in ipairs {
    { { ResourceType = "instance" }, "MissingRegionId" }, { { RegionId = "r" }, "MissingResourceType" },
    { { RegionId = "r", ResourceType = "x" }, "InvalidParameter", "ResourceType is not valid." },
    { { RegionId = "r", ResourceType = "instance", NextToken = "x" }, "InvalidParameter", "NextToken is not valid." },
  } do
    it("refuses: " .. case[2] .. " " .. (case[3] or ""), function()
      assert.same({ nil, case[2], case[3] }, { run(case[1]) })
    end)
  end
end)
