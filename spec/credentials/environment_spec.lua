local environment = require "certstat.credentials.environment"

local ID, SECRET = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"

local function find(variables) return environment.find { getenv = function(name) return variables[name] end } end

describe("credentials.environment", function()
  it("takes a key, and a token where there is one", function()
    assert.same({ access_key_id = "i", access_key_secret = "s", provider = "environment" },
      find { [ID] = "i", [SECRET] = "s" })
    assert.same({ access_key_id = "i", access_key_secret = "s", security_token = "t", provider = "environment" },
      find { [ID] = "i", [SECRET] = "s", ALIBABA_CLOUD_SECURITY_TOKEN = "t" })
  end)

  it("says what is missing", function()
    assert.same({ n = 3, nil, ID .. " is not set", false }, { n = 3, find {} })
    assert.same({ n = 3, nil, ID .. " is not set", true }, { n = 3, find { [SECRET] = "s" } })
    assert.same({ n = 3, nil, SECRET .. " is not set", true }, { n = 3, find { [ID] = "i" } })
  end)
end)
