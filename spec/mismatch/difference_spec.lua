local difference = require "certstat.mismatch.difference"

-- A canonical request, taken apart, with these changes.
local function request(changes)
  local parts = {
    method = "POST", path = "/", query = "a=b%20c&d=e", signed = "host;x-acs-date", hash = "0a",
    fields = { "host:h", "x-acs-date:now" },
  }
  for name, value in pairs(changes) do parts[name] = value end
  return parts
end

local function first(server, ours)
  local found = difference.of_v3(request(server), request(ours))
  return found and { found.where, found.server, found.ours, found.reason }
end

describe("the first difference", function()
  it("is none between texts that are the same", function()
    assert.is_nil(difference.of_v3(request {}, request {}))
    assert.is_nil(difference.of_v1(request {}, request {}))
  end)

  local ENCODING = "one of the two encodes otherwise: letters, digits and - _ . ~ stay, every other byte is %XX in "
    .. "capitals (a blank is %20, a comma %2C, * is %2A)"
  local cases = {
    { "the method", { method = "GET" }, {}, { 1, "GET", "POST", "the request came with another method" } },
    { "the path", { path = "/x" }, {}, { 2, "/x", "/", "the request came with another path: certstat asks for /" } },
    { "a value", { query = "a=b%20c&d=f" }, {}, { 3, "d=f", "d=e", "the parameter d has another value" } },
    { "an encoding", { query = "a=b+c&d=e" }, {}, { 3, "a=b+c", "a=b%20c", ENCODING } },
    { "small letters in one", { query = "a=b%2c" }, { query = "a=b%2C" }, { 3, "a=b%2c", "a=b%2C", ENCODING } },
    { "a name's encoding", { query = "%61=b" }, { query = "a=b" }, { 3, "%61=b", "a=b", ENCODING } },
    { "a parameter too many", { query = "a=b%20c&d=e&f=g" }, {},
      { 3, "f=g", "(nothing)", "the server has the parameter f, and here there is none" } },
    { "one that did not arrive", { query = "d=e" }, {},
      { 3, "d=e", "a=b%20c", "the server has no parameter a: it did not arrive" } },
    { "an order", { query = "d=e&a=b%20c" }, {},
      { 3, "d=e", "a=b%20c", "the server has another order: a parameter stands where its name comes, byte by byte" } },
    { "the host", { fields = { "host:proxy", "x-acs-date:now" } }, {},
      { 4, "host:proxy", "host:h", "another Host has arrived: the request went elsewhere (--endpoint, --region), or "
        .. "something on the way changes it" } },
    { "a field", { fields = { "host:h", "x-acs-date:then" } }, {},
      { 5, "x-acs-date:then", "x-acs-date:now", "the header field x-acs-date has another value" } },
    { "a field that did not arrive", { fields = { "host:h" } }, {},
      { 5, "(nothing)", "x-acs-date:now", "the server has no header field x-acs-date: it did not arrive" } },
    { "the names of the fields", { signed = "x-acs-date;host" }, {},
      { 7, "x-acs-date;host", "host;x-acs-date",
        "SignedHeaders names the fields above, in lower case, in their order, with ; between" } },
    { "the body", { hash = "0b" }, {}, { 8, "0b", "0a",
      "the body has another SHA-256 than x-acs-content-sha256 says: it was changed, or hashed otherwise" } },
  }
  for _, case in ipairs(cases) do
    it("can be " .. case[1], function() assert.same(case[4], first(case[2], case[3])) end)
  end

  it("shows of a security token its length, and of an access key id its ends", function()
    assert.same({ 4, "x-acs-security-token:(security token of 9 characters)",
      "x-acs-security-token:(security token of 3 characters)",
      "the request had another security token than these credentials have" },
      first({ fields = { "x-acs-security-token:Canary/12" } }, { fields = { "x-acs-security-token:own" } }))
    assert.same({ 4, "x-acs-accesskey-id:LTAI...AnId", "(nothing)",
      "the server has the header field x-acs-accesskey-id, and here there is none" },
      first({ fields = { "x-acs-accesskey-id:LTAI5tExampleOfAnId" } }, { fields = {} }))
    local found = difference.of_v1(request { query = "AccessKeyId=LTAI5tExampleOfAnId&SecurityToken=Canary" },
      request { query = "AccessKeyId=testid&SecurityToken=own" })
    assert.same({ server = "AccessKeyId=LTAI...AnId", ours = "AccessKeyId=te...",
      reason = "the request was signed with another access key than these credentials have" }, found)
    found = difference.of_v1(request { query = "SecurityToken=Canary%2F12" }, request { query = "SecurityToken=own" })
    assert.equal("SecurityToken=(security token of 11 characters)", found.server)
  end)

  it("of strings to sign of HMAC-SHA1 has no line", function()
    assert.same({ server = "GET", ours = "POST", reason = "the request came with another method" },
      difference.of_v1(request { method = "GET" }, request {}))
    assert.same({ server = "d=f", ours = "d=e", reason = "the parameter d has another value" },
      difference.of_v1(request { query = "a=b%20c&d=f" }, request {}))
    assert.equal("the request came with another path: certstat asks for /",
      difference.of_v1(request { path = "/x" }, request {}).reason)
  end)
end)
