local service = require "certstat.sources.service"

describe("sources.service", function()
  local asked, called

  -- lists `certificates`, and counts `total` of them; ends with failure = {message, info}
  local function client(certificates, total, failure)
    local at = 0
    return {
      certificates = function(_, options)
        asked = options
        return function()
          at = at + 1
          if certificates[at] then
            return certificates[at]
          elseif failure then
            return nil, failure[1], failure[2]
          end
        end
      end,
      call = function(_, operation, parameters)
        called[#called + 1] = { operation, parameters }
        return { TotalCount = total }
      end,
    }
  end

  before_each(function()
    called = {}
  end)

  it("gives what the service lists, and how much of it, asking for the number once", function()
    local items, share = service.open(client({ { serial = "01" }, { serial = "02" } }, 2), "all")
    assert.same({ operation = "ListClientCertificate" }, asked)
    assert.same({ serial = "01" }, items())
    assert.equal(0.5, share())
    items()
    assert.equal(1, share())
    assert.is_nil(items())
    assert.same({ { "ListClientCertificate", { CurrentPage = 1, ShowSize = 50 } } }, called)
  end)

  it("does not know the share where the service does not say it", function()
    local _, share = service.open(client({}, nil), "all")
    assert.is_nil(share())
    _, share = service.open(client({}, 0), "all")
    assert.is_nil(share())
  end)

  it("asks for what is changed since a date, or revoked", function()
    local _, share = service.open(client({}, 1), "changed", "2026-01-02")
    assert.same({ operation = "ListCert", parameters = { AfterDate = "2026-01-02" } }, asked)
    share()
    assert.same({ { "ListCert", { CurrentPage = 1, ShowSize = 50, AfterDate = "2026-01-02" } } }, called)
    service.open(client({}), "revoked")
    assert.same({ operation = "ListRevokeCertificate" }, asked)
    assert.is_false((pcall(service.open, client({}), "some")))
  end)

  it("knows how large a list is by one call, and how many reading it takes", function()
    local replies = {
      { { TotalCount = 120, PageCount = 3 }, { certificates = 120, calls = 3 } },
      { { TotalCount = 120, PageCount = 6 }, { certificates = 120, calls = 6 } }, -- by smaller pages than asked for
      { { TotalCount = 0, PageCount = 0 }, { certificates = 0, calls = 1 } },
      { { TotalCount = 120 }, { certificates = 120, calls = 4 } }, -- an empty page ends it
      { { TotalCount = 0 }, { certificates = 0, calls = 1 } },
    }
    for _, case in ipairs(replies) do
      local one = { call = function(_, ...)
        called[#called + 1] = { ... }
        return case[1]
      end }
      assert.same(case[2], service.size(one, "changed", "2026-01-02"))
    end
    assert.equal(#replies, #called)
    assert.same({ "ListCert", { CurrentPage = 1, ShowSize = 50, AfterDate = "2026-01-02" } }, called[1])
  end)

  it("says why it does not know how large a list is", function()
    local function size(reply, message, info)
      return { service.size({ call = function() return reply, message, info end }, "revoked") }
    end
    local info = { class = "denied" }
    assert.same({ nil, "refused", info }, size(nil, "refused", info))
    info = { class = "protocol", code = "InvalidReply" }
    assert.same({ nil, "ListRevokeCertificate: expected a number in TotalCount, found nothing", info }, size {})
    for _, total in ipairs { "7", -1, 0 / 0 } do
      assert.same({ nil, "ListRevokeCertificate: expected a number in TotalCount, found another value", info },
        size { TotalCount = total })
    end
  end)

  it("gives a row for a certificate without a serial number", function()
    local items = service.open(client({ { serial = "", identifier = "i9" } }), "all")
    assert.same({ row = {
      serial = "", status = "invalid", class = "protocol", code = "NoSerialNumber", source = "i9",
      message = "the service lists this certificate without a serial number: i9",
    } }, items())
  end)

  it("fails as the list does", function()
    local items = service.open(client({}, 0, { "refused", { class = "denied" } }), "all")
    assert.same({ nil, "refused", { class = "denied" } }, { items() })
  end)
end)
