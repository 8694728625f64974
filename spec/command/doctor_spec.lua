local cjson = require("cjson").new()
local fake = require "spec.command.fake"

local FINE = { check = "dns", status = "ok", message = "cas.example, in 3 ms" }
local SLOW = { check = "quota", status = "warning", message = "paused" }
local UNREACHED = { check = "tcp", status = "failed", message = "no \27[2J", class = "network" }
local DENIED = { check = "permission", status = "failed", message = "NoPermission", class = "denied", policy = "{\n}" }
local UNLISTED = { check = "permission", status = "warning", message = "no list", class = "denied", policy = "{ }" }
local SKIPPED = { check = "ledger", status = "skipped", message = "none" }

local function run(rows, ...)
  local world = { rows = rows }
  local code, out, err = fake.run({ "doctor", ... }, world)
  return code, out, err, world
end

describe("certstat doctor", function()
  it("writes a line for each thing, and what is to be pasted at the end", function()
    local code, out, err = run { FINE, UNREACHED, DENIED, SKIPPED }
    assert.equal([[
dns         ok       cas.example, in 3 ms
tcp         failed   no ]] .. "\\x1B" .. [[[2J
permission  failed   NoPermission
ledger      skipped  none

The RAM policy that permits it, and nothing else:

{
}
]], out)
    assert.equal("", err)
    assert.equal(5, code)
  end)

  it("has the exit code of what failed", function()
    for _, case in ipairs {
      { 0, { FINE } }, { 0, { FINE, SLOW, SKIPPED } }, { 0, { FINE, UNLISTED } }, { 3, { FINE, UNREACHED, UNLISTED } },
      { 5, { FINE, DENIED } }, { 5, { UNREACHED, DENIED } },
      { 3, { { check = "quota", status = "failed", message = "x", class = "argument" } } },
    } do
      assert.equal(case[1], (run(case[2])))
    end
  end)

  it("writes for programs, too", function()
    local code, out = run({ FINE, DENIED }, "--format", "json")
    assert.equal(5, code)
    local rows = cjson.decode(out)
    assert.same({ check = "dns", status = "ok", message = "cas.example, in 3 ms", class = cjson.null,
      policy = cjson.null }, rows[1])
    assert.same(DENIED, rows[2])
    out = select(2, run({ FINE }, "--format", "tsv"))
    assert.equal("check\tstatus\tmessage\tclass\tpolicy\ndns\tok\tcas.example, in 3 ms\t\t\n", out)
  end)

  it("examines what the options say", function()
    local world = select(4, run({}, "--endpoint", "https://e", "--region", "r", "--network", "vpc", "--profile", "p",
      "--ca-file", "c", "--allow-http", "--home", "h", "--account", "a", "--qps", "5", "--guard", "50",
      "--timeout", "2", "--probe", "--batch", "100"))
    assert.equal("function", type(world.options.getenv))
    world.options.on_wait()
    world.options.getenv, world.options.on_wait = nil, nil
    assert.same({ endpoint = "https://e", region = "r", network = "vpc", profile = "p", ca_file = "c",
      allow_http = true, home = "h", account = "a", qps = 5, guard = 0.05, timeout = 2,
      probe = true, batch = 100 }, world.options)
  end)

  it("says what can't be used", function()
    local code, out, err = fake.run({ "doctor" }, { refused = { "endpoint: no", { class = "argument" } } })
    assert.equal("certstat: endpoint: no\n", err)
    assert.equal("", out)
    assert.equal(4, code)
  end)
end)
