local fake = require "spec.command.fake"

local CERTIFICATES = {
  { serial = "084bde9cd233f0ddae33adc438cfbbbd1234", status = "ISSUE", type = "CLIENT", not_before = 1735787045,
    not_after = 1767323045, identifier = "i1", subject = "C=CN,O=a,CN=one" },
  { serial = "b67e", status = "REVOKE", type = "SERVER", not_before = 1735787045, not_after = 1767323045,
    identifier = "i2", subject = "CN=\27[31mtwo" },
  { serial = "01", status = "ISSUE" },
}

describe("certstat list", function()
  it("shows a row for each certificate", function()
    local code, out, err = fake.run({ "list" }, { certificates = CERTIFICATES })
    assert.equal([[
SERIAL                                    STATUS   TYPE    NOT AFTER             SUBJECT
084bde9cd233f0ddae33adc438cfbbbd1234      ISSUE    CLIENT  2026-01-02T03:04:05Z  C=CN,O=a,CN=one
]]
      .. "b67e                                      REVOKE   SERVER  2026-01-02T03:04:05Z  CN=\\x1B[31mtwo\n"
      .. "01                                        ISSUE    -       -\n", out)
    assert.equal([[
3 certificates: 2 ISSUE, 1 REVOKE
2 calls, 0 throttled, 1 retry, 0.5 s
]], err)
    assert.equal(0, code)
  end)

  it("has every field in tsv", function()
    local code, out, err = fake.run({ "list", "--format", "tsv", "--quiet" }, { certificates = CERTIFICATES })
    assert.equal("serial\tstatus\ttype\tnot_before\tnot_after\tidentifier\tsubject\n"
      .. "084bde9cd233f0ddae33adc438cfbbbd1234\tISSUE\tCLIENT\t2025-01-02T03:04:05Z\t2026-01-02T03:04:05Z\ti1"
      .. "\tC=CN,O=a,CN=one\n"
      .. "b67e\tREVOKE\tSERVER\t2025-01-02T03:04:05Z\t2026-01-02T03:04:05Z\ti2\tCN=\\x1B[31mtwo\n"
      .. "01\tISSUE\t\t\t\t\t\n", out)
    assert.equal("", err)
    assert.equal(0, code)
  end)

  it("is whole where there is no certificate", function()
    local code, out, err = fake.run({ "list", "--format", "json" })
    assert.equal("[]\n", out)
    assert.equal("0 certificates\n2 calls, 0 throttled, 1 retry, 0.5 s\n", err)
    assert.equal(0, code)
  end)

  it("is closed and exits with 3 where it is cut short", function()
    local code, out, err = fake.run({ "list", "--format", "json", "--quiet" },
      { certificates = { { serial = "01" } }, list_failure = { "no answer", { class = "denied" } } })
    assert.equal('[\n{"serial":"01","status":null,"type":null,"not_before":null,"not_after":null,"identifier":null,'
      .. '"subject":null}\n]\n', out)
    assert.equal("certstat: no answer\n", err)
    assert.equal(3, code)
  end)

  it("exits with 5 where it is refused at once", function()
    local code, out, err = fake.run({ "list", "--quiet" }, { list_failure = { "refused", { class = "denied" } } })
    assert.equal("", out)
    assert.equal("certstat: refused\n", err)
    assert.equal(5, code)
  end)

  it("exits with 3 where the rows can't be written, and reads no further", function()
    local full = fake.stream()
    function full.write()
      return nil, "No space left on device"
    end
    local code, _, err = fake.run({ "list" }, { certificates = CERTIFICATES, stdout = full })
    assert.equal("1 certificate: 1 ISSUE\n2 calls, 0 throttled, 1 retry, 0.5 s\n"
      .. "certstat: cannot write to the standard output: No space left on device\n", err)
    assert.equal(3, code)
  end)
end)
