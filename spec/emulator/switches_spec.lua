local files = require "spec.emulator.files"
local switches = require "certstat.emulator.switches"

describe("the emulator's switches", function()
  it("have their first value where nothing is said", function()
    local usual, count = switches.usual(), 0
    for _ in pairs(usual) do count = count + 1 end
    assert.equal(#switches.list, count)
    for _, switch in ipairs(switches.list) do assert.equal(switch.values[1], usual[switch.name]) end
  end)

  it("are read, every value of each", function()
    for _, switch in ipairs(switches.list) do
      for _, value in ipairs(switch.values) do
        assert.same({ switch.name, value }, { switches.read(switch.name .. "=" .. value) })
      end
    end
  end)

  for text, message in pairs {
    ["order"] = "expected NAME=VALUE, found 'order'",
    [""] = "expected NAME=VALUE, found ''",
    ["order="] = "order: expected asked or reversed, found ''",
    ["order=asked=reversed"] = "order: expected asked or reversed, found 'asked=reversed'",
    ["throttle-status=\27"] = "throttle-status: expected 400, 429 or 503, found '\\x1B'",
    ["Order=asked"] = "expected one of revoke-time, no-revoke-time, strangers, malformed, order, serial-form, "
      .. "serial-input, get, window, throttle-status, throttle-code or throttle-headers, found 'Order'",
  } do
    it(("refuse '%s'"):format(text), function() assert.same({ nil, message }, { switches.read(text) }) end)
  end

  it("are told by --help in lines of a terminal's width", function()
    local help = switches.help()
    for _, switch in ipairs(switches.list) do
      assert.is_truthy(help:find(("   %s=%s\n      "):format(switch.name, table.concat(switch.values, "|")), 1, true))
    end
    for line in help:gmatch("[^\n]+") do assert.is_true(#line <= 90, line) end
  end)

  it("are a table in README, and in the manual page", function()
    local rows = {}
    for i, switch in ipairs(switches.list) do
      rows[i] = ("| `%s` | `%s` | %s |\n"):format(switch.name, table.concat(switch.values, "` `"), switch.says)
    end
    local head = "| switch | values | what it is about |\n|---|---|---|\n"
    assert.is_truthy(files.read("README.md"):find(head .. table.concat(rows) .. "\n", 1, true), table.concat(rows))
    local manual = files.read("scripts/certstat.1")
    for _, switch in ipairs(switches.list) do
      local item = (".It Cm %s Ns = Ns Cm %s\n"):format(switch.name, table.concat(switch.values, " | "))
      assert.is_truthy(manual:find(item, 1, true), item)
    end
  end)
end)
