--- The role of a pod (RRSA): the environment says which, and where the token is that the cluster's OpenID Connect
-- provider gave it.
local sts = require "certstat.credentials.sts"
local steps = require "certstat.credentials.steps"

local M = { name = "OIDC role" }

local NEEDED = {
  { "arn", "ALIBABA_CLOUD_ROLE_ARN" }, { "provider_arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN" },
  { "token_file", "ALIBABA_CLOUD_OIDC_TOKEN_FILE" },
}

--- find(source): see certstat.credentials.
function M.find(source)
  local role = { session_name = source.getenv("ALIBABA_CLOUD_ROLE_SESSION_NAME") }
  for _, one in ipairs(NEEDED) do
    role[one[1]] = source.getenv(one[2])
    if not role[one[1]] then return nil, one[2] .. " is not set" end
  end
  local facts = { account = sts.account(role.arn) }
  return steps.after(function(found, why, present)
    if not found then return nil, why, present end
    found.provider, found.facts = M.name, facts
    return found
  end, facts, sts.assume_with_oidc(source, role))
end

return M
