local home = require "certstat.home"

local function env(values)
  return function(name) return values[name] end
end

describe("home.find", function()
  local rows = {
    -- given, environment, path, named
    { "/given", { CERTSTAT_HOME = "/c", XDG_STATE_HOME = "/x", HOME = "/h" }, "/given", true },
    { "given", {}, "given", true },
    { nil, { CERTSTAT_HOME = "/c", XDG_STATE_HOME = "/x", HOME = "/h" }, "/c", true },
    { nil, { CERTSTAT_HOME = "", XDG_STATE_HOME = "/x", HOME = "/h" }, "/x/certstat", false },
    { nil, { XDG_STATE_HOME = "relative", HOME = "/h" }, "/h/.local/state/certstat", false },
    { nil, { XDG_STATE_HOME = "", HOME = "/h" }, "/h/.local/state/certstat", false },
    { nil, { HOME = "relative" }, nil, nil },
    { nil, { HOME = "" }, nil, nil },
    { nil, {}, nil, nil },
  }
  for i, row in ipairs(rows) do
    it(("takes what comes first (%d)"):format(i), function()
      local path, named = home.find(row[1], env(row[2]))
      assert.equal(row[3], path)
      assert.equal(row[4], named)
    end)
  end
end)

describe("home.account", function()
  it("is what is given, what the environment says, or default", function()
    assert.equal("given", home.account("given", env { CERTSTAT_ACCOUNT = "other" }))
    assert.equal("other", home.account(nil, env { CERTSTAT_ACCOUNT = "other" }))
    assert.equal("default", home.account(nil, env { CERTSTAT_ACCOUNT = "" }))
    assert.equal("default", home.account(nil, env {}))
  end)

  it("is the name of a file", function()
    for _, name in ipairs { "a", "1234567890123456", "A.b_c-d", "-", "_", ("x"):rep(64) } do
      assert.equal(name, home.account(name, env {}))
    end
    local rows = {
      { "", "" }, { ".", "." }, { "..", ".." }, { ".hidden", ".hidden" }, { "a/b", "a/b" }, { "a b", "a b" },
      { "../x", "../x" }, { "a\0b", "a\\x00b" }, { "a\n", "a\\x0A" }, { "\27[2J", "\\x1B[2J" },
      { "\195\164", "\195\164" }, { ("x"):rep(65), ("x"):rep(65) },
    }
    for _, row in ipairs(rows) do
      local name, message, info = home.account(row[1], env {})
      assert.is_nil(name)
      assert.equal("account: expected 1 to 64 letters, digits, '.', '_' or '-', no '.' in front, found '" .. row[2]
        .. "'", message)
      assert.same({ class = "argument", code = "InvalidAccount" }, info)
    end
  end)
end)
