local revoke_time = require "certstat.command.doctor.probe.revoke_time"

local NOW = 1767323045 -- 2026-01-02T03:04:05Z

describe("the time of a revocation", function()
  local asked

  -- listed: of ListRevokeCertificate; answers: of the status that is asked then
  local function row(known, listed, answers)
    asked = {}
    local found = revoke_time.row({
      ask = function(_, operation, parameters)
        asked[#asked + 1] = { operation, parameters.ShowSize }
        return listed and { CertificateList = listed }, listed == nil
      end,
      status = function(_, wires)
        asked[#asked + 1] = wires
        return answers
      end,
    }, known, NOW)
    return { found.check, found.status, found.message }
  end

  local function revoked(time) return { ["0a"] = { status = "good" }, ["0b"] = { status = "revoked", time = time } } end

  local shapes = {
    { 1767323045000, "milliseconds: 2026-01-02T03:04:05Z" }, { 1767323045, "seconds: 2026-01-02T03:04:05Z" },
    { "1767323045000", "milliseconds in a string: 2026-01-02T03:04:05Z" },
    { "1767323045", "seconds in a string: 2026-01-02T03:04:05Z" },
    { "2026-01-02T03:04", "a date: 2026-01-02T03:04:00Z" }, { "2026-01-02T03:04Z", "a date: 2026-01-02T03:04:00Z" },
  }
  for _, shape in ipairs(shapes) do
    it("can be " .. shape[2], function()
      assert.same({ "times", "ok", ("RevokeTime is %s; certstat reads it so"):format(shape[2]) },
        row(revoked(shape[1])))
      assert.same({}, asked)
    end)
  end

  it("can be missing", function()
    assert.same({ "times", "ok", "what is revoked has no RevokeTime" }, row(revoked(nil)))
  end)

  it("can be none that has been", function()
    for value, text in pairs { [0] = "seconds, but no time that has been: 0",
      ["soon\27"] = "a date, but no time that has been: soon\\x1B",
      [true] = "a boolean, but no time that has been: true" } do
      assert.same({ "times", "warning", "RevokeTime is " .. text }, row(revoked(value)))
    end
    assert.equal("warning", row(revoked((NOW + 90000) * 1000))[2])
    assert.equal("ok", row(revoked((NOW + 80000) * 1000))[2])
  end)

  it("is asked for where nothing that is known is revoked", function()
    assert.same({ "times", "ok", "RevokeTime is seconds: 2026-01-02T03:04:05Z; certstat reads it so" },
      row({ ["0a"] = { status = "good" } }, { { SerialNumber = "0B" } }, revoked(NOW)))
    assert.same({ { "ListRevokeCertificate", 1 }, { "0B" } }, asked)
  end)

  it("is not known where nothing is revoked", function()
    local unknown = { "times", "skipped", "no revoked certificate was found, whose time could be looked at" }
    assert.same(unknown, row({}, {}))
    assert.same(unknown, row({}, { { SerialNumber = "no" } }))
    assert.same(unknown, row({}, { { SerialNumber = "0b" } }, { ["0b"] = { status = "good" } }))
    assert.same(unknown, row({}, { { SerialNumber = "0b" } }))
    assert.same(unknown, row({}))
  end)
end)
