local schemes = require "certstat.emulator.schemes"

local v3 = {
  headers = {
    authorization = "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-action,Signature=00",
    ["x-acs-action"] = "A", ["x-acs-version"] = "V", ["x-acs-security-token"] = "T", ["x-acs-signature-nonce"] = "N",
  },
  parameters = { Action = "another" },
}
local v1 = {
  headers = { ["x-acs-action"] = "another" },
  parameters = {
    Signature = "s", Action = "A", Version = "V", SecurityToken = "T", SignatureNonce = "N", AccessKeyId = "id",
  },
}

describe("a scheme", function()
  for name, call in pairs { v3 = v3, v1 = v1 } do
    it("finds what a call of " .. name .. " says of itself", function()
      schemes.of(call).read(call)
      assert.same({ "A", "V", "T", "N", "id" },
        { call.action, call.version, call.token, call.nonce, call.access_key_id })
    end)
  end

  it("is known by the field or the parameter that has the signature", function()
    assert.is_nil(schemes.of { headers = {}, parameters = { Action = "A" } })
    assert.equal("json", schemes.default_format(v3))
    assert.equal("xml", schemes.default_format(v1))
    assert.equal("xml", schemes.default_format { headers = {}, parameters = { Action = "A" } })
    assert.equal("json", schemes.default_format { headers = {}, parameters = {} })
  end)

  it("of V3 wants every x-acs- field signed, that of V1 none", function()
    local headers = { authorization = v3.headers.authorization, host = "h", accept = "*/*", ["x-acs-action"] = "A" }
    local scheme = schemes.of { headers = headers }
    assert.is_true(scheme.is_complete { headers = headers })
    headers["x-acs-date"] = "D"
    assert.is_false(scheme.is_complete { headers = headers })
    assert.is_true(schemes.of(v1).is_complete(v1))
  end)

  it("does not find a key in half an Authorization", function()
    local call = { headers = { authorization = "ACS3-HMAC-SHA256 Credential=id" }, parameters = {} }
    schemes.of(call).read(call)
    assert.is_nil(call.access_key_id)
  end)
end)
