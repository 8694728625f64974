local oidc = require "certstat.credentials.oidc"
local source = require "spec.credentials.source"

local function variables(changes)
  local all = {
    ALIBABA_CLOUD_ROLE_ARN = "acs:ram::1234567890:role/pod", ALIBABA_CLOUD_OIDC_PROVIDER_ARN = "p",
    ALIBABA_CLOUD_OIDC_TOKEN_FILE = "/token",
  }
  for name, value in pairs(changes or {}) do all[name] = value or nil end
  return source.new { variables = all, files = { ["/token"] = "token" } }
end

describe("credentials.oidc", function()
  it("asks for the role that the environment names, and its account's quota", function()
    local step = source.step(oidc.find(variables()))
    local form = source.form(step)
    assert.same({ "AssumeRoleWithOIDC", "acs:ram::1234567890:role/pod", "p", "token", "certstat" },
      { form.Action, form.RoleArn, form.OIDCProviderArn, form.OIDCToken, form.RoleSessionName })
    assert.same({ account = "1234567890" }, step.facts)
    local found = step.continue(source.reply { Credentials = source.keys() })
    assert.same({ "STS.id", "OIDC role", "1234567890" }, { found.access_key_id, found.provider, found.facts.account })
    source.refused("STS: no reply", true, step.continue(nil, "no reply"))
  end)

  it("takes the session's name where it is said", function()
    assert.equal("me", source.form(oidc.find(variables { ALIBABA_CLOUD_ROLE_SESSION_NAME = "me" })).RoleSessionName)
  end)

  it("needs all three", function()
    for _, name in ipairs { "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
      "ALIBABA_CLOUD_OIDC_TOKEN_FILE" } do
      source.refused(name .. " is not set", nil, oidc.find(variables { [name] = false }))
    end
  end)
end)
