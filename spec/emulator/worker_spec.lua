--- The emulator whole: started by the command, asked by curl, judged by its log and by the CA's own files.
local cjson = require("cjson").new()
local emulator = require "spec.emulator.emulator"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

describe("the emulator", function()
  local folder, made, running, log

  setup(function()
    folder = files.folder()
    made = files.make_ca(folder, 24, 5)
    log = folder .. "/log"
    running = emulator.start({
      "--ca", folder .. "/ca/sub", "--ca", folder .. "/ca/root", "--qps", "1000", "--max-serials", "30", "--log", log,
    })
  end)

  teardown(function()
    local kind, status = emulator.stop(running)
    ipc.remove_folder(folder)
    assert.same({ "exited", 0 }, { kind, status })
  end)

  local function ask(changes)
    local reply = emulator.curl({ emulator.signed(running, changes) })[1]
    return reply, cjson.decode(reply.body)
  end

  local function last_line()
    return cjson.decode(files.read(log):match("([^\n]*)\n$"))
  end

  it("answers what the CA's database says", function()
    local serials = { "ab12" }
    for i, certificate in ipairs(made) do serials[i + 1] = certificate.serial end
    local reply, body = ask { query = { SerialNumber = table.concat(serials, ",") } }
    assert.equal(200, reply.status)
    assert.equal("application/json;charset=utf-8", reply.headers["content-type"])
    assert.equal(body.RequestId, reply.headers["x-acs-request-id"])
    assert.is_truthy(body.RequestId:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
    assert.same({ SerialNumber = "ab12", Status = "unknown", RevokeTime = 0 }, body.CertificateStatus[1])
    assert.equal(#made + 1, #body.CertificateStatus)
    local now_ms = ipc.wall_ns() / 1e6
    for i, certificate in ipairs(made) do
      local found = body.CertificateStatus[i + 1]
      assert.equal(certificate.serial, found.SerialNumber)
      assert.equal(certificate.status, found.Status)
      if found.Status == "good" then
        assert.equal(0, found.RevokeTime)
      else
        assert.is_true(found.RevokeTime > now_ms - 3600000 and found.RevokeTime <= now_ms)
      end
    end
    local line = last_line()
    assert.equal("demo", line.access_key_id)
    assert.equal("DescribeClientCertificateStatusForSerialNumber", line.action)
    assert.equal(#made + 1, line.serials)
    assert.equal(200, line.http_status)
    assert.equal(cjson.null, line.code)
    assert.equal(body.RequestId, line.request_id)
    assert.is_true(line.arrival_us / 1000 <= now_ms and line.arrival_us / 1000 > now_ms - 60000)
  end)

  it("lists what openssl says of the files, page by page, without authorities", function()
    local listed = {}
    for page = 1, 5 do
      local query = { CurrentPage = ("%d"):format(page), ShowSize = "5" }
      local _, body = ask { action = "ListClientCertificate", query = query }
      assert.same({ page, 5, 5, 24 }, { body.CurrentPage, body.PageCount, body.ShowSize, body.TotalCount })
      assert.equal(page < 5 and 5 or 4, #body.CertificateList)
      for _, one in ipairs(body.CertificateList) do listed[#listed + 1] = one end
    end
    for i, certificate in ipairs(made) do
      assert.equal(certificate.serial, listed[i].SerialNumber)
      assert.equal(certificate.kind, listed[i].CertificateType)
      assert.equal(certificate.status == "good" and "ISSUE" or "REVOKE", listed[i].Status)
    end
    files.write(folder .. "/one.pem", listed[7].X509Certificate)
    local show = "openssl x509 -in " .. folder .. "/one.pem -noout -serial -fingerprint "
    local printed = files.shell(show .. "-sha256 && " .. show .. "-md5")
    assert.equal(listed[7].SerialNumber, printed:match("serial=(%x+)"):lower())
    assert.equal(listed[7].Sha2, (printed:match("sha256 Fingerprint=([%x:]+)"):gsub(":", ""):lower()))
    assert.equal(listed[7].Md5, (printed:match("md5 Fingerprint=([%x:]+)"):gsub(":", ""):lower()))
    local _, body = ask { action = "ListClientCertificate", query = { Identifier = listed[7].Identifier } }
    assert.equal(listed[7].SerialNumber, body.CertificateList[1].SerialNumber)
  end)

  it("shows a revocation by `openssl ca` in the next answer", function()
    local serial = made[1].serial
    assert.equal("good", made[1].status)
    files.shell(("openssl ca -config %s/openssl.cnf -revoke %s/newcerts/%s.pem -crl_reason superseded"):format(
      folder .. "/ca/sub", folder .. "/ca/sub", serial:upper()))
    local _, body = ask { query = { SerialNumber = serial } }
    assert.equal("revoked", body.CertificateStatus[1].Status)
    made[1].status = "revoked"
  end)

  it("answers from what it knew where the database is half-written", function()
    local path = folder .. "/ca/sub/index.txt"
    local whole = files.read(path)
    files.write(path, whole .. whole:match("^[^\n]*"):sub(1, -3))
    finally(function() files.write(path, whole) end)
    local _, body = ask { query = { SerialNumber = made[3].serial } }
    assert.equal("good", body.CertificateStatus[1].Status)
    assert.equal(200, (emulator.order(running, "GET", "/counters")))
  end)

  it("takes the order to revoke, whatever the database says, and shows what it has counted", function()
    local serial = made[2].serial
    assert.equal("good", made[2].status)
    local _, before = emulator.order(running, "GET", "/counters")
    assert.equal(200, (emulator.order(running, "POST", "/revocations?serial=" .. serial)))
    local _, body = ask { query = { SerialNumber = serial } }
    assert.equal("revoked", body.CertificateStatus[1].Status)
    assert.is_true(body.CertificateStatus[1].RevokeTime > ipc.wall_ns() / 1e6 - 60000)
    local _, after = emulator.order(running, "GET", "/counters")
    assert.equal(before.calls + 1, after.calls)
    made[2].status = "revoked"
  end)

  it("fails on purpose where it is told to, and never where it refuses", function()
    local two = '{"faults":[{"fault":"missing"},{"fault":"duplicate"}]}'
    assert.equal(200, (emulator.order(running, "POST", "/faults", two)))
    finally(function() emulator.order(running, "DELETE", "/faults") end)
    local _, body = ask { query = { SerialNumber = made[1].serial .. "," .. made[2].serial } }
    assert.same({ 2, made[2].serial }, { #body.CertificateStatus, body.CertificateStatus[2].SerialNumber })
    local line = last_line()
    assert.equal("missing,duplicate", line.faults)
    assert.is_truthy(line.nonce:find("^%x+$"))
    _, body = ask { query = { SerialNumber = "ff" }, access_key_secret = "wrong" }
    assert.equal("SignatureDoesNotMatch", body.Code)
    assert.equal(cjson.null, last_line().faults)
    local _, listed = emulator.order(running, "GET", "/faults")
    assert.same({ 1, 1 }, { listed.faults[1].hits, listed.faults[2].hits })
  end)

  it("reads fixed and chunked form bodies", function()
    for _, extra in ipairs { "", 'header = "Transfer-Encoding: chunked"\n' } do
      local configuration = emulator.signed(running, {
        query = {}, body = "SerialNumber=" .. made[2].serial,
        headers = { ["content-type"] = "application/x-www-form-urlencoded" },
      })
      local reply = emulator.curl({ configuration .. extra })[1]
      assert.equal(200, reply.status)
      assert.equal(made[2].serial, cjson.decode(reply.body).CertificateStatus[1].SerialNumber)
    end
  end)

  it("takes calls in V1 too, and replies in XML unless asked for JSON", function()
    local serial = made[3].serial
    local v1 = { algorithm = "HMAC-SHA1", method = "GET", query = { SerialNumber = serial, Format = "JSON" } }
    local reply, body = ask(v1)
    assert.equal(200, reply.status)
    assert.equal(serial, body.CertificateStatus[1].SerialNumber)
    v1.query.Format = nil
    reply = emulator.curl({ emulator.signed(running, v1) })[1]
    assert.equal("text/xml;charset=utf-8", reply.headers["content-type"])
    assert.equal('<?xml version="1.0" encoding="UTF-8"?><DescribeClientCertificateStatusForSerialNumberResponse>'
      .. "<CertificateStatus><RevokeTime>0</RevokeTime><Status>good</Status><SerialNumber>" .. serial
      .. "</SerialNumber></CertificateStatus><RequestId>" .. reply.headers["x-acs-request-id"]
      .. "</RequestId></DescribeClientCertificateStatusForSerialNumberResponse>", reply.body)
    v1.access_key_secret = "wrong"
    reply = emulator.curl({ emulator.signed(running, v1) })[1]
    assert.equal(400, reply.status)
    assert.is_truthy(reply.body:find("^<%?xml version=\"1.0\" encoding=\"UTF%-8\"%?><Error><RequestId>.*</HostId>"
      .. "<Code>SignatureDoesNotMatch</Code><Message>Specified signature is not matched with our calculation. "
      .. "server string to sign is:GET&amp;%%2F&amp;AccessKeyId%%3Ddemo"))
    assert.equal("SignatureDoesNotMatch", last_line().code)
  end)

  it("refuses a request that is sent again, and one with a wrong secret", function()
    local again = emulator.signed(running, { query = { SerialNumber = made[2].serial } })
    local replies = emulator.curl({ again, again })
    assert.same({ 200, 400 }, { replies[1].status, replies[2].status })
    assert.equal("SignatureNonceUsed", cjson.decode(replies[2].body).Code)
    local reply, body = ask { query = { SerialNumber = "ff" }, access_key_secret = "wrong" }
    assert.equal(400, reply.status)
    assert.equal("SignatureDoesNotMatch", body.Code)
    assert.equal(running.host, body.HostId)
    assert.is_truthy(body.Message:find("server StringToSign is [ACS3-HMAC-SHA256\n", 1, true))
    assert.equal("https://api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch&product=cas&requestId=" .. body.RequestId,
      body.Recommend)
    assert.equal("SignatureDoesNotMatch", last_line().code)
  end)

  it("judges dates by its own clock", function()
    local _, body = ask { query = { SerialNumber = "ff" }, date = "2020-01-01T00:00:00Z" }
    assert.equal("InvalidTimeStamp.Expired", body.Code)
  end)

  it("refuses more serials than it is told to take", function()
    local _, body = ask { query = { SerialNumber = ("ff,"):rep(30) .. "ff" } }
    assert.equal("InvalidParameter", body.Code)
    assert.equal("SerialNumber: at most 30 in one request.", body.Message)
  end)

  it("answers what nginx refuses in the service's shape, with a line each", function()
    for code, configuration in pairs {
      MissingAccessKeyId = "url = " .. running.url .. "/\n",
      ["InvalidApi.NotFound"] = "url = " .. running.url .. "/-refused\n",
      RequestUriTooLong = "url = " .. running.url .. "/?" .. ("a"):rep(70000) .. "\n",
      RequestEntityTooLarge = "url = " .. running.url .. "/\ndata-binary = @" .. folder .. "/large\n",
      InvalidRequest = "url = " .. running.url .. '/\nheader = "Long: ' .. ("a"):rep(70000) .. '"\n',
    } do
      files.write(folder .. "/large", ("a"):rep(1100000))
      local reply = emulator.curl({ configuration })[1]
      local body = cjson.decode(reply.body)
      assert.equal(code, body.Code)
      assert.equal(body.RequestId, reply.headers["x-acs-request-id"])
      assert.equal(code, last_line().code)
      assert.equal(reply.status, last_line().http_status)
    end
  end)

  it("keeps a connection for the next call", function()
    local calls = {}
    for i = 1, 3 do calls[i] = emulator.signed(running, { query = { SerialNumber = "ff" } }) end
    local replies = emulator.curl(calls)
    for i = 1, 3 do
      assert.equal(200, replies[i].status)
      assert.equal("keep-alive", replies[i].headers.connection)
    end
  end)
end)

describe("the emulator's quota, at its door", function()
  it("accepts ten calls of an operation in any second, and says how long to wait, as it was told to", function()
    local folder = files.folder()
    files.make_ca(folder, 1, 0)
    local log = folder .. "/log"
    local running = emulator.start({
      "--ca", folder .. "/ca/sub", "--log", log, "--set", "throttle-status=429",
      "--qps", "1000", "--qps", "DescribeClientCertificateStatusForSerialNumber=10",
    })
    finally(function()
      emulator.stop(running)
      ipc.remove_folder(folder)
    end)
    local calls = {}
    for i = 1, 40 do calls[i] = emulator.signed(running, { query = { SerialNumber = "ff" } }) end
    local replies, accepted, throttled = emulator.curl(calls), {}, 0
    for arrival, status, code in files.read(log):gmatch('"arrival_us":(%d+),.-"http_status":(%d+),"code":([^,]*),') do
      if status == "200" then accepted[#accepted + 1] = tonumber(arrival) end
      if code == '"Throttling.User"' then throttled = throttled + 1 end
    end
    assert.equal(40, #accepted + throttled)
    assert.is_true(throttled > 0)
    for i = 11, #accepted do assert.is_true(accepted[i] - accepted[i - 10] >= 1000000) end
    for _, reply in ipairs(replies) do
      local wait_ms = tonumber(reply.headers["x-acs-retry-after"])
      assert.equal(reply.status == 429, wait_ms ~= nil)
      assert.is_true(wait_ms == nil or (wait_ms >= 1 and wait_ms <= 1000))
    end
  end)
end)
