local endpoints = require "certstat.endpoints"

describe("endpoints.resolve", function()
  local function host(options) return endpoints.resolve(options).host end

  it("knows the hosts of the regions", function()
    local rows = {
      ["cn-hangzhou"] = "cas.aliyuncs.com",
      ["cn-shanghai"] = "cas.aliyuncs.com",
      ["cn-beijing-finance-1"] = "cas.aliyuncs.com",
      ["cn-north-2-gov-1"] = "cas.aliyuncs.com",
      ["us-east-1"] = "cas.aliyuncs.com",
      ["us-west-1"] = "cas.aliyuncs.com",
      ["eu-west-1"] = "cas.aliyuncs.com",
      ["cn-hongkong"] = "cas.cn-hongkong.aliyuncs.com",
      ["ap-southeast-1"] = "cas.ap-southeast-1.aliyuncs.com",
      ["ap-southeast-2"] = "cas.ap-southeast-2.aliyuncs.com",
      ["ap-southeast-3"] = "cas.ap-southeast-3.aliyuncs.com",
      ["ap-southeast-5"] = "cas.ap-southeast-5.aliyuncs.com",
      ["ap-northeast-1"] = "cas.ap-northeast-1.aliyuncs.com",
      ["ap-south-1"] = "cas.ap-south-1.aliyuncs.com",
      ["eu-central-1"] = "cas.eu-central-1.aliyuncs.com",
      ["me-east-1"] = "cas.me-east-1.aliyuncs.com",
      ["me-central-1"] = "cas.me-central-1.aliyuncs.com",
      ["na-south-1"] = "cas.na-south-1.aliyuncs.com", -- a region that the SDK does not know
      ["AP-Southeast-1"] = "cas.ap-southeast-1.aliyuncs.com",
    }
    for region, expected in pairs(rows) do
      assert.same({ url = "https://" .. expected, host = expected }, endpoints.resolve { region = region })
    end
  end)

  it("takes cn-hangzhou where nothing is said", function()
    assert.same({ url = "https://cas.aliyuncs.com", host = "cas.aliyuncs.com" }, endpoints.resolve())
    assert.equal("cas.aliyuncs.com", host {})
  end)

  it("knows the names inside a VPC", function()
    for _, region in ipairs { "cn-hangzhou", "cn-hongkong", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5" } do
      assert.equal(("cas-vpc.%s.aliyuncs.com"):format(region), host { region = region, network = "vpc" })
    end
    assert.equal("cas-vpc.cn-hangzhou.aliyuncs.com", host { network = "vpc" })
    assert.equal("cas.aliyuncs.com", host { network = "public" })
  end)

  it("takes an endpoint as it is, before a region", function()
    local rows = {
      { "https://cas.aliyuncs.com", "https://cas.aliyuncs.com", "cas.aliyuncs.com" },
      { "https://cas.aliyuncs.com/", "https://cas.aliyuncs.com", "cas.aliyuncs.com" },
      { "HTTPS://CAS.Aliyuncs.com:8443", "https://cas.aliyuncs.com:8443", "cas.aliyuncs.com:8443" },
      { "cas.aliyuncs.com", "https://cas.aliyuncs.com", "cas.aliyuncs.com" },
      { "CAS-vpc.me-east-1.aliyuncs.com", "https://cas-vpc.me-east-1.aliyuncs.com", "cas-vpc.me-east-1.aliyuncs.com" },
      { "https://proxy", "https://proxy", "proxy" },
      { "https://my_proxy.internal:1", "https://my_proxy.internal:1", "my_proxy.internal:1" },
      { "https://10.0.0.1:65535", "https://10.0.0.1:65535", "10.0.0.1:65535" },
      { "https://[2001:DB8::1]", "https://[2001:db8::1]", "[2001:db8::1]" },
      { "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443" },
      { "https://[::ffff:10.0.0.1]", "https://[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]" },
      { "http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080" },
      { "http://127.255.0.9", "http://127.255.0.9", "127.255.0.9" },
      { "http://[::1]:8080", "http://[::1]:8080", "[::1]:8080" },
      -- a default port is not in the Host field that libcurl sends, so it must not be signed either
      { "https://cas.aliyuncs.com:443", "https://cas.aliyuncs.com", "cas.aliyuncs.com" },
      { "http://127.0.0.1:80/", "http://127.0.0.1", "127.0.0.1" },
      { "http://127.0.0.1:443", "http://127.0.0.1:443", "127.0.0.1:443" },
      { "https://127.0.0.1:00080", "https://127.0.0.1:80", "127.0.0.1:80" },
    }
    for _, row in ipairs(rows) do
      assert.same({ url = row[2], host = row[3] }, endpoints.resolve { endpoint = row[1], region = "cn-hongkong" })
    end
  end)

  it("takes plain http to others only where it is allowed", function()
    local refused = "endpoint: expected https://, found http:// to a host that is no loopback address " ..
      "(127.0.0.1, [::1])"
    for _, name in ipairs { "cas.aliyuncs.com", "localhost", "127.0.0.1.example.com", "127.1", "127.0.0.256",
      "[::2]", "0.0.0.0", "10.0.0.1" } do
      local endpoint, message, info = endpoints.resolve { endpoint = "http://" .. name }
      assert.is_nil(endpoint)
      assert.equal(refused, message)
      assert.same({ class = "argument" }, info)
    end
    assert.same({ url = "http://localhost:8080", host = "localhost:8080" },
      endpoints.resolve { endpoint = "http://localhost:8080", allow_http = true })
  end)

  it("refuses what is no endpoint, in one line that does not repeat it", function()
    local no_url = "expected a URL, https://HOST or https://HOST:PORT"
    local no_host = "expected a host name, an IPv4 address or an IPv6 address in brackets"
    local no_port = "expected a port from 1 to 65535"
    local rows = {
      { "", no_url }, { "nonsense", no_url }, { "cas.example.com", no_url }, { "127.0.0.1:8080", no_url },
      { "//cas.aliyuncs.com", no_url }, { "https:cas.aliyuncs.com", no_url }, { "a b.aliyuncs.com", no_url },
      { "cas.aliyuncs.com:8443", no_url }, { "cas.aliyuncs.com/path", no_url },
      { "ftp://cas.aliyuncs.com", "expected https:// or http://, found ftp://" },
      { "file:///etc/passwd", "expected https:// or http://, found file://" },
      { "https://", no_host }, { "https:///", no_host }, { "https://:443", no_host }, { "https://a b", no_host },
      { "https://a..b", no_host }, { "https://.a", no_host }, { "https://a.", no_host }, { "https://::1", no_host },
      { "https://[", no_host }, { "https://[]", no_host }, { "https://[1]", no_host }, { "https://[::g]", no_host },
      { "https://[fe80::1%25eth0]", no_host }, { "https://a\r\nHost: b", no_host }, { "https://a\0b", no_host },
      { "https://\195\164", no_host }, { "https://" .. ("a"):rep(254), no_host }, { "https://a\\b", no_host },
      { "https://a:", no_port }, { "https://a:0", no_port }, { "https://a:65536", no_port }, { "https://a:x", no_port },
      { "https://a:80:80", no_port }, { "https://a:-1", no_port }, { "https://a:000080", no_port },
      { "https://[::1]8080", no_port }, { "https://a:80 ", no_port },
      { "https://a/path", "expected scheme, host and port alone, found a path" },
      { "https://a//", "expected scheme, host and port alone, found a path" },
      { "https://a?Action=x", "expected scheme, host and port alone, found a query" },
      { "https://a/?x", "expected scheme, host and port alone, found a query" },
      { "https://a#f", "expected scheme, host and port alone, found a fragment" },
      { "https://user:canary@a", "expected scheme, host and port alone, found a user name" },
      { "https://user:canary@a/p?q", "expected scheme, host and port alone, found a user name" },
    }
    for _, row in ipairs(rows) do
      local endpoint, message, info = endpoints.resolve { endpoint = row[1] }
      assert.is_nil(endpoint)
      assert.equal("endpoint: " .. row[2], message)
      assert.same({ class = "argument" }, info)
    end
  end)

  it("are trusted over https, and where they are a loopback address", function()
    local rows = {
      { "https://cas.aliyuncs.com", true }, { "https://a:8443", true }, { "http://127.0.0.1:8080", true },
      { "http://127.0.0.1", true }, { "http://[::1]:8080", true }, { "http://[::1]", true },
      { "http://localhost:8080", false }, { "http://100.100.100.200", false }, { "http://10.0.0.1:127", false },
    }
    for _, row in ipairs(rows) do
      assert.equal(row[2], endpoints.is_trusted(endpoints.resolve { endpoint = row[1], allow_http = true }))
    end
  end)

  it("refuses what is no region and no network", function()
    for _, region in ipairs { "", "a", "-a", "a-", "a.b", "a/b", "a@b", "a b", "a\nb", ("a"):rep(64) } do
      local endpoint, message, info = endpoints.resolve { region = region }
      assert.is_nil(endpoint)
      assert.truthy(message:find("^endpoint: expected the name of a region, such as cn%-hangzhou, found "), message)
      assert.same({ class = "argument" }, info)
    end
    assert.equal("endpoint: expected the name of a region, such as cn-hangzhou, found a\\x0Ab",
      select(2, endpoints.resolve { region = "a\nb" }))
    assert.equal("endpoint: expected the network public or vpc, found intranet",
      select(2, endpoints.resolve { network = "intranet" }))
  end)

  it("knows the hosts of STS", function()
    assert.equal("sts.cn-hangzhou.aliyuncs.com", endpoints.resolve({ product = "sts", region = "cn-hangzhou" }).host)
    assert.equal("sts-vpc.eu-west-1.aliyuncs.com",
      endpoints.resolve({ product = "sts", region = "eu-west-1", network = "vpc" }).host)
  end)
end)

describe("endpoints.find", function()
  local function find(options, variables, facts)
    return endpoints.find(options, function(name) return variables and variables[name] end, facts or {})
  end

  local REGION, NETWORK = "ALIBABA_CLOUD_REGION_ID", "ALIBABA_CLOUD_ENDPOINT_TYPE"
  local ENDPOINT = "ALIBABA_CLOUD_ENDPOINT"

  it("asks the options, the environment and a profile, in this order", function()
    local variables = { [REGION] = "eu-central-1", [NETWORK] = "vpc" }
    local facts = { region = "me-east-1", network = "vpc" }
    local rows = {
      { "cas.aliyuncs.com", {} },
      { "cas.aliyuncs.com", {}, { [REGION] = "", [NETWORK] = "", [ENDPOINT] = "" } },
      { "cas-vpc.me-east-1.aliyuncs.com", {}, nil, facts },
      { "cas-vpc.eu-central-1.aliyuncs.com", {}, variables, { region = "me-east-1", network = "public" } },
      { "cas-vpc.ap-south-1.aliyuncs.com", { region = "ap-south-1" }, variables, facts },
      { "cas.eu-central-1.aliyuncs.com", { network = "public" }, variables, facts },
      { "cas-vpc.cn-hangzhou.aliyuncs.com", { network = "vpc" } },
    }
    for _, row in ipairs(rows) do assert.equal(row[1], find(row[2], row[3], row[4]).host) end
  end)

  it("takes an endpoint before a region that stands no nearer", function()
    local variables = { [ENDPOINT] = "https://gate.example:8443", [REGION] = "eu-central-1" }
    local facts = { endpoint = "cas.me-east-1.aliyuncs.com", region = "me-central-1" }
    assert.equal("cas.me-east-1.aliyuncs.com", find({}, { [REGION] = "eu-central-1" }, facts).host)
    assert.equal("gate.example:8443", find({}, variables, facts).host)
    assert.equal("cas.ap-south-1.aliyuncs.com", find({ region = "ap-south-1" }, variables, facts).host)
    assert.equal("cas-vpc.eu-central-1.aliyuncs.com", find({ network = "vpc" }, variables, facts).host)
    assert.equal("127.0.0.1:1", find({ endpoint = "http://127.0.0.1:1", region = "ap-south-1" }, variables, facts).host)
  end)

  it("says which variable is wrong, and does not repeat what may hold a password", function()
    local rows = {
      { { [ENDPOINT] = "https://user:canary@a" },
        "ALIBABA_CLOUD_ENDPOINT: expected scheme, host and port alone, found a user name" },
      { { [ENDPOINT] = "http://a" }, "ALIBABA_CLOUD_ENDPOINT: expected https://, found http:// to a host that is no "
        .. "loopback address (127.0.0.1, [::1])" },
      { { [NETWORK] = "internal" }, "endpoint: expected the network public or vpc, found internal" },
      { { [REGION] = "a b" }, "endpoint: expected the name of a region, such as cn-hangzhou, found a b" },
    }
    for _, row in ipairs(rows) do
      assert.same({ n = 3, nil, row[2], { class = "argument" } }, { n = 3, find({}, row[1]) })
    end
    assert.equal("a", find({ allow_http = true }, { [ENDPOINT] = "http://a" }).host)
    assert.equal("endpoint: expected a URL, https://HOST or https://HOST:PORT",
      select(2, find({ endpoint = "x" }, { [ENDPOINT] = "https://a" })))
  end)
end)
