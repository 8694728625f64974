--- ListTagResources: `openssl ca` has no tags, so that nothing has one.
-- https://help.aliyun.com/zh/ssl-certificate/developer-reference/api-cas-2020-06-30-listtagresources
local pages = require "certstat.emulator.pages"

local M = {}

M.shape = {
  { "Data", { object = {
    { "MaxResults", "integer" }, { "NextToken", "string" },
    { "TagResources", { object = { { "TagResources", { list = {
      { "ResourceId", "string" }, { "ResourceType", "string" }, { "TagKey", "string" }, { "TagValue", "string" },
    } } } } } },
  } } },
  { "RequestId", "string" },
}

function M.run(_, parameters)
  for _, name in ipairs { "RegionId", "ResourceType" } do
    if (parameters[name] or "") == "" then return nil, "Missing" .. name end
  end
  if parameters.ResourceType ~= "instance" then return nil, "InvalidParameter", "ResourceType is not valid." end
  local asked, code, message = pages.token(parameters, 20, pages.MOST)
  if not asked then return nil, code, message end
  return { Data = { MaxResults = asked.size, TagResources = { TagResources = {} } } }
end

return M
