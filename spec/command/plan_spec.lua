local fake = require "spec.command.fake"

-- "name: text" of each line
local function rows_of(out)
  local rows = {}
  for name, text in out:gmatch("(%a+) +([^\n]+)\n") do
    rows[#rows + 1] = name .. ": " .. text
  end
  return rows
end

describe("certstat plan", function()
  it("says what a million serials cost", function()
    local code, out, err = fake.run { "plan", "--serials", "1000000" }
    assert.equal([[
serials    1,000,000
calls      20,000, of 50 serials at most
time       36 min 39 s, at 9.09 calls a second (10 in any second, and 100 ms of guard)
quota      91 % of the account's while it runs, 56 % of an hour's, 2.3 % of a day's
freshness  36 min 40 s at best, for a gate that has the whole quota
]], out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("takes batch, rate and guard", function()
    local _, out = fake.run { "plan", "--serials", "1001", "--batch", "1", "--qps", "100", "--guard", "0" }
    assert.equal([[
serials    1,001
calls      1,001, of 1 serial at most
time       10.0 s, at 100 calls a second (100 in any second, and 0 ms of guard)
quota      100 % of the account's while it runs, 0.28 % of an hour's, 0.012 % of a day's
freshness  10.0 s at best, for a gate that has the whole quota
]], out)
  end)

  it("knows that a URL does not hold any number of serials", function()
    local _, out = fake.run { "plan", "--serials", "1740", "--batch", "174" }
    assert.equal("calls: 10, of 174 serials at most", rows_of(out)[2])
    _, out = fake.run { "plan", "--serials", "1741", "--batch", "1000" }
    assert.equal("calls: 11, of 1,000 serials at most, or of what a URL holds", rows_of(out)[2])
  end)

  it("counts the serials of sources, and says where there is none", function()
    local code, out, err = fake.run({ "plan", "--from", "-", "--batch", "2" },
      { stdin = "01\n02\n0x01\n1,2\n# comment\n02\n03\n04\n05\n" })
    assert.equal([[
serials    5 distinct, 2 repeated, 1 invalid
invalid    -:4: serial number: expected one serial number, found ',' at character 2
calls      3, of 2 serials at most
time       0.0 s, at 9.09 calls a second (10 in any second, and 100 ms of guard)
quota      30 % of the account's while it runs, under 0.01 % of an hour's, under 0.01 % of a day's
freshness  0.3 s at best, for a gate that has the whole quota
]], out)
    assert.equal("", err)
    assert.equal(2, code)
  end)

  it("shows nothing that a terminal obeys", function()
    local path = os.tmpname() .. "\27[2J"
    local file = assert(io.open(path, "wb"))
    file:write("\27[2Jx\n")
    file:close()
    local _, out = fake.run { "plan", "--from", path }
    os.remove(path)
    os.remove((path:gsub("\27.*", "")))
    assert.is_nil(out:find("\27", 1, true))
    assert.is_truthy(out:find("\\x1B[2J:1: serial number: expected a hexadecimal digit, found", 1, true), out)
  end)

  it("shows the first invalid places alone", function()
    local code, out = fake.run({ "plan", "--from", "-" }, { stdin = ("x\n"):rep(8) })
    local rows = rows_of(out)
    assert.equal("serials: 0 distinct, 0 repeated, 8 invalid", rows[1])
    assert.equal("invalid: -:1: serial number: expected a hexadecimal digit, found 'x' at character 1", rows[2])
    assert.equal("invalid: -:5: serial number: expected a hexadecimal digit, found 'x' at character 1", rows[6])
    assert.equal("invalid: ... and 3 more", rows[7])
    assert.equal("calls: 0, of 50 serials at most", rows[8])
    assert.equal("quota: 0 % of the account's while it runs, 0 % of an hour's, 0 % of a day's", rows[10])
    assert.equal(2, code)
  end)

  it("asks nobody where no list of the service is named, and needs no credentials", function()
    local world = { stdin = "01\n", refused = { "no credentials", { class = "denied" } } }
    local code, out = fake.run({ "plan", "--from", "-", "--from", "spec/command/two.pem" }, world)
    assert.equal("serials: 3 distinct, 0 repeated, 0 invalid", rows_of(out)[1])
    assert.equal(0, code)
    assert.is_nil(world.client)
  end)

  it("knows a list's size by one call, and counts the calls that reading it takes", function()
    local certificates = {}
    for i = 1, 120 do
      certificates[i] = { serial = ("%02x"):format(i) }
    end
    local world = { stdin = "01\n02\n01\n", certificates = certificates, guard = 0.3 }
    local code, out, err = fake.run(
      { "plan", "--from", "list", "--from", "-", "--from", "changed:2026-01-02", "--account", "a" }, world)
    assert.equal([[
list       list: 120 certificates, as one call says; reading it takes 3 calls
list       changed:2026-01-02: 120 certificates, as one call says; reading it takes 3 calls
serials    at most 242 distinct, 1 repeated, 0 invalid
calls      13: 6 that read lists, and 7 of 50 serials at most
time       1.3 s, at 7.69 calls a second (10 in any second, and 300 ms of guard)
quota      77 % of the account's while it runs, 0.036 % of an hour's, under 0.01 % of a day's
freshness  0.9 s at best, for a gate that has the whole quota
]], out)
    assert.equal("", err)
    assert.equal(0, code)
    assert.same({
      { "ListClientCertificate", { CurrentPage = 1, ShowSize = 50 } },
      { "ListCert", { CurrentPage = 1, ShowSize = 50, AfterDate = "2026-01-02" } },
    }, world.called)
    assert.equal("a", world.options.account)
    assert.equal(1, world.client.closed)
  end)

  local failures = {
    { 5, "no credentials", { refused = { "no credentials", { class = "denied" } } } },
    { 5, "no credentials yet", { unready = { "no credentials yet", { class = "denied" } } } },
    { 5, "refused", { guard = 0.1, call_failure = { "refused", { class = "denied" } } } },
    { 3, "no answer", { guard = 0.1, call_failure = { "no answer", { class = "deadline" } } } },
  }
  for _, case in ipairs(failures) do
    it(("exits with %d where the size of a list is not known: %s"):format(case[1], case[2]), function()
      local code, out, err = fake.run({ "plan", "--from", "revoked" }, case[3])
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(case[1], code)
      assert.is_true(not case[3].client or case[3].client.closed == 1)
    end)
  end

  local unusable = {
    { {}, "expected --serials N or --from SOURCE (see certstat plan --help)" },
    { { "--serials", "many" }, "--serials: expected a whole number from 1 to 1000000000000, found 'many'"
      .. " (see certstat plan --help)" },
    { { "--serials", "1", "--from", "-" },
      "option '--from' can not be used together with option '--serials' (see certstat plan --help)" },
    { { "--from", "/nonexistent" }, "/nonexistent: No such file or directory" },
    { { "--from", "-" }, "no serial number in the standard input" },
    { { "--from", "-", "--from", "-" }, "the standard input can be read only once", "01\n" },
    { { "--from", "changed:today" }, "changed:today: expected changed:2026-01-02 or changed:'2026-01-02 03:04:05'" },
  }
  for _, case in ipairs(unusable) do
    it("says: " .. case[2], function()
      local argv = { "plan" }
      for _, argument in ipairs(case[1]) do
        argv[#argv + 1] = argument
      end
      local world = { guard = 0.1, stdin = case[3] }
      local code, out, err = fake.run(argv, world)
      assert.equal("certstat: " .. case[2] .. "\n", err)
      assert.equal("", out)
      assert.equal(4, code)
      assert.is_nil(world.called)
    end)
  end
end)
