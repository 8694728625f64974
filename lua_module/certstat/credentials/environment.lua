--- The environment's access key, with or without a token.
local M = { name = "environment" }

local ID, SECRET = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"

--- find(source): see certstat.credentials.
function M.find(source)
  local id, secret = source.getenv(ID), source.getenv(SECRET)
  if not id then return nil, ID .. " is not set", secret ~= nil end
  if not secret then return nil, SECRET .. " is not set", true end
  return {
    access_key_id = id, access_key_secret = secret, security_token = source.getenv("ALIBABA_CLOUD_SECURITY_TOKEN"),
    provider = M.name,
  }
end

return M
