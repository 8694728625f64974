local cjson = require("cjson").new()
local batch = require "certstat.batch"
local core = require "certstat.core"

local function entry(serial, wire)
  local key = assert(core.serial(serial))
  return { key = key, wire = wire or key }
end

local function filled(serials)
  local one = batch.new()
  for _, serial in ipairs(serials) do batch.add(one, entry(serial)) end
  return one
end

describe("batch.most", function()
  it("is how many of the longest serials a call holds", function()
    assert.equal(50, batch.most(50))
    local one = filled {}
    while batch.fits(one, entry(("%08x"):format(2 ^ 31 + #one.entries) .. ("f"):rep(32)), 1000) do
      batch.add(one, entry(("%08x"):format(2 ^ 31 + #one.entries) .. ("f"):rep(32)))
    end
    assert.equal(#one.entries, batch.most(1000))
  end)
end)

describe("batch.wire", function()
  it("is the service's own spelling of the serial number, else the key", function()
    local rows = {
      -- serial, wire, binary → what is sent
      { "08:4B:DE", nil, nil, "084bde" },
      { "84BDE", "84BDE", nil, "84BDE" },
      { "08:4B:DE", "84bde", nil, "84bde" },
      { "84bde", "084bde", nil, "084bde" },
      { "84bde", "084BDE", nil, "084BDE" },
      { "\8\75\222", nil, true, "084bde" },
      { "\8\75\222", "84BDE", true, "84BDE" },
      -- what is no spelling of this serial is not sent
      { "84bde", "b67e", nil, "084bde" },
      { "84bde", "84bde,b67e", nil, "084bde" },
      { "84bde", "", nil, "084bde" },
      { "84bde", 84, nil, "084bde" },
      { "84bde", {}, nil, "084bde" },
      { "\8\75\222", "\8\75\222", true, "084bde" },
    }
    for _, row in ipairs(rows) do
      local item = { serial = row[1], wire = row[2], binary = row[3] }
      assert.equal(row[4], batch.wire(item, core.serial(row[1], row[3] and "binary" or "text")))
    end
  end)
end)

describe("a batch", function()
  it("has a limit of serials", function()
    local one = batch.new()
    for i = 1, 3 do
      assert.is_true(batch.fits(one, entry("ab"), 3))
      batch.add(one, entry("a" .. i))
    end
    assert.is_false(batch.fits(one, entry("ab"), 3))
    assert.is_true(batch.fits(one, entry("ab"), 4))
  end)

  it("has a limit of bytes, as the URL has them", function()
    for _, wire in ipairs { ("ab"):rep(20), ("a:"):rep(20), "ab", "a b\\c" } do
      local one, n = batch.new(), 0
      while batch.fits(one, { key = "ab", wire = wire }, 1e9) do
        batch.add(one, { key = "ab", wire = wire })
        n = n + 1
      end
      local query = assert(core.canonical_query(batch.query(one)))
      local bytes = #query - #"SerialNumber="
      assert.equal(bytes, one.bytes)
      assert.truthy(bytes <= 7500)
      local each = (bytes + 3) / n
      assert.truthy(bytes + each > 7500)
    end
  end)

  it("takes one serial, however long its spelling is", function()
    local long = { key = "ab", wire = ("0"):rep(8000) .. "ab" }
    assert.is_true(batch.fits(batch.new(), long, 1))
  end)

  it("asks for its serials in their order", function()
    assert.same({ SerialNumber = "b67e,084bde,01" }, batch.query(filled { "b67e", "84BDE", "1" }))
  end)

  it("is divided into pieces", function()
    local one = filled { "1", "2", "3", "4", "5" }
    local pieces = batch.divide(one, 2)
    local shown = {}
    for i, piece in ipairs(pieces) do shown[i] = batch.query(piece).SerialNumber end
    assert.same({ "01,02", "03,04", "05" }, shown)
    assert.equal(7, pieces[1].bytes)
    assert.equal(1, #batch.divide(one, 5))
    assert.equal(5, #batch.divide(one, 1))
  end)
end)

local function match(serials, elements)
  return batch.match(filled(serials), { RequestId = "R", CertificateStatus = elements })
end

describe("batch.match", function()
  it("matches by key, whatever the order, the case and leading zeros", function()
    local answers = match({ "084bde", "b67e", "01" }, {
      { SerialNumber = "1", Status = "unknown" },
      { SerialNumber = "B6:7E", Status = "revoked", RevokeTime = 1609459200000 },
      { SerialNumber = "00084BDE", Status = "good", RevokeTime = 0 },
    })
    assert.same({ { status = "good" }, { status = "revoked", revoked_at = 1609459200 }, { status = "unknown" } },
      answers)
  end)

  it("calls absent what the service left out, and passes over what was not asked for", function()
    local answers = match({ "01", "02" }, {
      { SerialNumber = "03", Status = "revoked" }, { SerialNumber = "no serial", Status = "good" },
      { SerialNumber = "b67e****", Status = "good" }, { SerialNumber = "02", Status = "good" },
    })
    assert.same({ { status = "absent" }, { status = "good" } }, answers)
    assert.same({ { status = "absent" } }, match({ "01" }, {}))
  end)

  it("calls conflict what the service answers in two ways", function()
    local rows = {
      -- the elements for serial 01 → status
      { { { Status = "good" }, { Status = "good" } }, "good" },
      { { { Status = "good" }, { Status = "good", RevokeTime = 7 } }, "good" },
      { { { Status = "good" }, { Status = "revoked" } }, "conflict" },
      { { { Status = "revoked" }, { Status = "good" } }, "conflict" },
      { { { Status = "good" }, { Status = "revoked" }, { Status = "good" } }, "conflict" },
      { { { Status = "good" }, { Status = "unknown" } }, "conflict" },
      { { { Status = "good" }, { Status = "suspended" } }, "conflict" },
      { { { Status = "good" }, {} }, "conflict" },
      { { { Status = "suspended" }, { Status = "suspended" } }, "error" },
      { { { Status = "suspended" }, { Status = "held" } }, "conflict" },
      { { { Status = "revoked", RevokeTime = 1609459200 }, { Status = "revoked", RevokeTime = "2021-01-01T00:00Z" } },
        "revoked" },
      { { { Status = "revoked", RevokeTime = 1609459200 }, { Status = "revoked", RevokeTime = 1609459201 } },
        "conflict" },
      { { { Status = "revoked", RevokeTime = 1609459200 }, { Status = "revoked" } }, "conflict" },
    }
    for i, row in ipairs(rows) do
      local elements = {}
      for n, element in ipairs(row[1]) do
        element.SerialNumber = n == 2 and "0001" or "1"
        elements[n] = element
      end
      assert.equal(row[2], match({ "01" }, elements)[1].status, "row " .. i)
    end
  end)

  it("keeps a word that it does not know, and guesses nothing", function()
    local rows = {
      { "suspended", "UnknownStatus", "expected good, revoked or unknown in Status, found 'suspended'", "suspended" },
      { "Good", "UnknownStatus", "expected good, revoked or unknown in Status, found 'Good'", "Good" },
      { "good ", "UnknownStatus", "expected good, revoked or unknown in Status, found 'good '", "good " },
      { "", "UnknownStatus", "expected good, revoked or unknown in Status, found ''", "" },
      { "\27[m", "UnknownStatus", "expected good, revoked or unknown in Status, found '\\x1B[m'", "\\x1B[m" },
      { nil, "InvalidReply", "expected a string in Status, found nothing" },
      { cjson.null, "InvalidReply", "expected a string in Status, found nothing" },
      { 0, "InvalidReply", "expected a string in Status, found a number" },
      { true, "InvalidReply", "expected a string in Status, found a boolean" },
      { {}, "InvalidReply", "expected a string in Status, found a table" },
    }
    for _, row in ipairs(rows) do
      assert.same({ { status = "error", class = "protocol", code = row[2], message = row[3], word = row[4] } },
        match({ "01" }, { { SerialNumber = "01", Status = row[1] } }))
    end
  end)

  it("reads RevokeTime in every shape, and never 1970", function()
    local rows = {
      { 1609459200000, 1609459200 }, { 1609459200, 1609459200 }, { "1609459200000", 1609459200 },
      { "1609459200", 1609459200 }, { "2021-01-01T00:00", 1609459200 }, { "2021-01-01T00:00Z", 1609459200 },
      { "2021-01-01T00:00:00Z", 1609459200 }, { "2021-01-01 00:00:00", 1609459200 }, { "2021-01-01", 1609459200 },
      { 0 }, { "0" }, { nil }, { cjson.null }, { -1 }, { 1 }, { 86400 }, { "" }, { "never" }, { true }, { {} },
      { "1970-01-01T00:00Z" }, { 1e300 }, { -1e300 }, { math.huge }, { -math.huge }, { 0 / 0 },
      { 1609459200000.75, 1609459200 },
    }
    for _, row in ipairs(rows) do
      assert.same({ { status = "revoked", revoked_at = row[2] } },
        match({ "01" }, { { SerialNumber = "01", Status = "revoked", RevokeTime = row[1] } }))
    end
  end)

  it("has no time of revocation for what is not revoked", function()
    for _, status in ipairs { "good", "unknown" } do
      assert.same({ { status = status } },
        match({ "01" }, { { SerialNumber = "01", Status = status, RevokeTime = 1609459200 } }))
    end
  end)

  it("says what is wrong with a reply that can't be read", function()
    local rows = {
      { nil, "expected an array in CertificateStatus, found nothing" },
      { cjson.null, "expected an array in CertificateStatus, found nothing" },
      { "good", "expected an array in CertificateStatus, found a string" },
      { 3, "expected an array in CertificateStatus, found a number" },
      { { SerialNumber = "01", Status = "good" }, "expected an array in CertificateStatus, found an object" },
      { { "good" }, "expected objects with a string in SerialNumber in CertificateStatus, found others" },
      { { cjson.null }, "expected objects with a string in SerialNumber in CertificateStatus, found others" },
      { { { Status = "good" } }, "expected objects with a string in SerialNumber in CertificateStatus, found others" },
      { { { SerialNumber = 1, Status = "good" } },
        "expected objects with a string in SerialNumber in CertificateStatus, found others" },
    }
    for _, row in ipairs(rows) do
      local answers, message, info = match({ "01" }, row[1])
      assert.is_nil(answers)
      assert.equal(row[2], message)
      assert.same({ class = "protocol", code = "InvalidReply", request_id = "R" }, info)
    end
  end)

  it("shows no request id that is none", function()
    local _, _, info = batch.match(filled { "01" }, { RequestId = cjson.null })
    assert.is_nil(info.request_id)
    _, _, info = batch.match(filled { "01" }, { RequestId = "\27" })
    assert.equal("\\x1B", info.request_id)
  end)
end)
