local command = require "certstat.command"
local fake = require "spec.command.fake"
local version = require "certstat.version"

-- every option of a help text, its own -h and --help among them
local function options_of(help)
  local found = {}
  for option in help:gmatch("%f[%S]%-%-?%a[%w-]*") do
    found[option] = true
  end
  return found
end

local function manual()
  local file = assert(io.open("scripts/certstat.1", "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

describe("certstat", function()
  it("says its version", function()
    local code, out, err = fake.run { "--version" }
    assert.equal("certstat " .. version .. "\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("shows its help", function()
    local code, out, err = fake.run { "--help" }
    assert.equal("Usage: certstat [-h] [--version] <command> ...\n", out:match("^.-\n"))
    for _, name in ipairs(command.names) do
      assert.is_truthy(out:find("\n   " .. name .. " ", 1, true), name)
    end
    assert.equal("", err)
    assert.equal(0, code)
  end)

  for _, name in ipairs(command.names) do
    it(("shows the help of %s, with an example"):format(name), function()
      local code, out, err = fake.run { name, "--help" }
      assert.equal("Usage: certstat " .. name .. " ", out:match("^Usage: certstat %a+ "))
      assert.is_truthy(out:find("\nExamples?:\n.*certstat " .. name .. " "), out)
      assert.equal("", err)
      assert.equal(0, code)
      for line in out:gmatch("[^\n]+") do
        assert.is_true(#line <= 100, line)
      end
    end)

    it(("tells a wrong option of %s in one line"):format(name), function()
      local code, out, err = fake.run { name, "--no-such-option" }
      assert.equal(("certstat: unknown option '--no-such-option' (see certstat %s --help)\n"):format(name), err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  local wrong = {
    { {}, "a command is required (see certstat --help)" },
    { { "stat" }, "unknown command 'stat' (see certstat --help)" },
    { { "statsu" }, "unknown command 'statsu'; did you mean 'status'? (see certstat --help)" },
    { { "--secret" }, "unknown option '--secret' (see certstat --help)" },
    { { "list", "--\27[2J" }, "unknown option '--\\x1B[2J' (see certstat list --help)" },
    { { "list", "--region" }, "option '--region' requires an argument (see certstat list --help)" },
  }
  for _, case in ipairs(wrong) do
    it("says: " .. case[2], function()
      local code, out, err = fake.run(case[1])
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
    end)
  end

  it("takes no secret as an option", function()
    for _, name in ipairs(command.names) do
      local _, help = fake.run { name, "--help" }
      for option in pairs(options_of(help)) do
        assert.is_nil(option:find("secret", 1, true), name .. " " .. option)
        assert.is_nil(option:find("token", 1, true), name .. " " .. option)
      end
    end
  end)

  it("has a manual page with every option of every command, and no other", function()
    local documented, shared = {}, {}
    for title, section in manual():gsub("\n%.S[hs] ", "\0%0"):gmatch("%z\n%.Ss ([^\n]+)([^%z]*)") do
      local options = {}
      for option in section:gmatch("\n%.It Fl (%-?[%w-]+)") do
        options["-" .. option] = true
      end
      documented[title:match("^certstat (%a+)$") or title] = options
      shared[#shared + 1] = title:find("^The options of the ") and options or nil
    end
    assert.equal(3, #shared)
    for _, name in ipairs(command.names) do
      local _, help = fake.run { name, "--help" }
      local helped = options_of(help:gsub("\nExamples?:.*", ""):gsub("%[[^%]]*%]", ""))
      local all = documented[name]
      assert.is_truthy(all, name)
      for _, options in ipairs(shared) do -- a command takes all options of a group, or has those it takes to itself
        local takes_all = true
        for option in pairs(options) do
          takes_all = takes_all and helped[option]
        end
        for option in pairs(takes_all and options or {}) do
          all[option] = true
        end
      end
      all["-h"], all["--help"] = true, true
      assert.same(helped, all, name)
    end
  end)
end)
