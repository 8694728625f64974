local authorities = require "spec.emulator.authorities"
local list_cert = require "certstat.emulator.operations.list_cert"

local function run(parameters) return authorities.run(list_cert, parameters) end
local function serials(parameters) return authorities.column(run(parameters).List, "SerialNumber") end

describe("ListCert", function()
  it("writes times twice, and names the subject in its own way", function()
    local one = run({}).List[1]
    assert.same({ "2020-09-13 12:26:40", "2021-09-13 12:26:40", 1600000000000, 1631536000000, "CN=host", false, {} },
      { one.BeforeDate, one.AfterDate, one.BeforeTime, one.AfterTime, one.SubjectDn, one.KeyExportable, one.Tags })
  end)

  for _, case in ipairs {
    { {}, "a1 c1 c2 c3 c4" }, { { Type = "" }, "a1 c1 c2 c3 c4" }, { { Type = "END_ENTITY" }, "a1 c1 c2 c3 c4" },
    { { Type = "SERVER" }, "a1 c1 c2" }, { { Type = "CLIENT" }, "c4" }, { { Status = "ISSUE" }, "a1 c1 c3 c4" },
    { { Status = "REVOKE" }, "c2" }, { { ParentIdentifier = "root" }, "a1" }, { { InstanceUuid = "pca-root" }, "a1" },
    { { ParentIdentifier = "none" }, "" },
    -- c2 was revoked on 2020-09-23, c4 issued on 2020-10-03
    { { AfterDate = "2020-09-20" }, "c2 c4" }, { { AfterDate = "2020-09-24 00:00:00" }, "c4" },
    { { BeforeDate = "2020-10-01" }, "a1 c1 c2" }, { { AfterDate = "2020-09-20", BeforeDate = "2020-10-01" }, "c2" },
    { { AfterDate = "2020-09-23 12:26:40", BeforeDate = "2020-09-23 12:26:41" }, "c2" },
    { { AfterDate = "2020-09-20", BeforeDate = "2020-09-23 12:26:40" }, "" },
    { { AfterDate = "2020-09-23 12:26:41", BeforeDate = "2020-10-01" }, "" },
    { { ShowSize = "2" }, "a1 c1" }, { { ShowSize = "2", CurrentPage = "3" }, "c4" },
    { { Status = "ISSUE", ShowSize = "2", CurrentPage = "2" }, "c3 c4" },
  } do
    local words = {}
    for name, value in pairs(case[1]) do words[#words + 1] = name .. "=" .. value end
    table.sort(words)
    it("finds " .. table.concat(words, " "), function() assert.equal(case[2], serials(case[1])) end)
  end

  it("goes by page, or by token where one is asked for", function()
    local values = run {}
    assert.same({ 1, 1, 50, 5 }, { values.CurrentPage, values.PageCount, values.ShowSize, values.TotalCount })
    assert.is_nil(values.MaxResults)
    local found, token = {}, ""
    repeat
      values = run { MaxResults = "2", NextToken = token, Status = "ISSUE" }
      found[#found + 1] = authorities.column(values.List, "SerialNumber")
      assert.same({ 2, 4 }, { values.MaxResults, values.TotalCount })
      assert.is_nil(values.CurrentPage)
      token = values.NextToken
    until not token
    assert.equal("a1 c1|c3 c4", table.concat(found, "|"))
  end)

  for _, case in ipairs {
    { { Type = "server" }, "Type is not valid." }, { { Status = "good" }, "Status is not valid." },
    { { AfterDate = "yesterday" }, "AfterDate is not valid." }, { { BeforeDate = "x" }, "BeforeDate is not valid." },
    { { NextToken = "x" }, "NextToken is not valid." }, { { CurrentPage = "x" }, "CurrentPage is not valid." },
  } do
    it("refuses what it does not know: " .. case[2], function()
      assert.same({ nil, "InvalidParameter", case[2] }, { run(case[1]) })
    end)
  end
end)
