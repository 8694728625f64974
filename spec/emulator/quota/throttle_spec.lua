local throttle = require "certstat.emulator.quota.throttle"

describe("the header fields of a throttle", function()
  local NEW = { ["x-acs-retry-after"] = "600" }
  local OLD = {
    ["x-ratelimit-user-api"] = "Limit:10,Remain:0,TimeLeft:600,Reset:600",
    ["x-ratelimit-user"] = "Limit:10,Remain:0,TimeLeft:0,Reset:0",
  }
  local BOTH = {}
  for _, fields in ipairs { NEW, OLD } do
    for name, value in pairs(fields) do BOTH[name] = value end
  end

  for kind, expected in pairs { ["x-acs-retry-after"] = NEW, ["x-ratelimit"] = OLD, both = BOTH, none = {} } do
    it("are of the kind " .. kind, function() assert.same(expected, throttle.headers(kind, 600, 10)) end)
  end
end)
