local cjson = require("cjson").new()
local classify = require "certstat.classify"

local function event(status, body, headers)
  return { kind = "reply", http_status = status, headers = headers or {},
    body = type(body) == "table" and cjson.encode(body) or body }
end

local function refused(status, code, headers, message)
  return classify.event(event(status, { RequestId = "R", Code = code, Message = message }, headers))
end

describe("classify: a reply", function()
  it("is the service's object, with its RequestId", function()
    for _, body in ipairs {
      { RequestId = "R", TotalCount = 3 }, { requestId = "R", TotalCount = 3 },
      { RequestId = "R", Code = "200" }, { RequestId = "R", Code = 200 }, { RequestId = "R", Code = "OK" },
      { RequestId = "R", Code = "Success" }, { RequestId = "R", Code = "" }, { RequestId = "R", Code = cjson.null },
      { RequestId = "R", code = 200 },
    } do
      local verdict = classify.event(event(200, body))
      assert.equal("done", verdict.outcome, verdict.message)
      assert.same(body, verdict.reply)
    end
  end)

  it("that is something else is asked for again", function()
    local rows = {
      { "", "an empty body" },
      { "null", "4 bytes: null" },
      { "true", "4 bytes: true" },
      { "12", "2 bytes: 12" },
      { '"good"', '6 bytes: "good"' },
      { "[{}]", "4 bytes: [{}]" },
      { "{}", "one without a RequestId" },
      { '{"RequestId":null}', "one without a RequestId" },
      { '{"RequestId":7}', "one without a RequestId" },
      { '{"RequestId":"R","A":NaN}', '25 bytes: {"RequestId":"R","A":NaN}' },
      { '{"RequestId":"R","A":Infinity}', '30 bytes: {"RequestId":"R","A":Infinity}' },
      { '{"RequestId":"R","A":0x10}', '26 bytes: {"RequestId":"R","A":0x10}' },
      { '{"RequestId":"R"', '16 bytes: {"RequestId":"R"' },
      { "{'RequestId':'R'}", "17 bytes: {'RequestId':'R'}" },
      { "\27[31mred\r\n", "10 bytes: \\x1B[31mred\\x0D\\x0A" },
      { ("<"):rep(5000), "5000 bytes: " .. ("<"):rep(40) .. "..." },
      { ("["):rep(5000), "5000 bytes: " .. ("["):rep(40) .. "..." },
    }
    for _, row in ipairs(rows) do
      local verdict = classify.event(event(200, row[1]))
      assert.equal("retry", verdict.outcome)
      assert.equal(("expected a JSON object from the service, found %s (HTTP 200)"):format(row[2]), verdict.message)
      assert.same({ class = "protocol", code = "InvalidReply", http_status = 200 }, verdict.info)
    end
  end)
end)

describe("classify: an error", function()
  local rows = {
    -- HTTP status, code → outcome, class, any other call too, may divide
    { 400, "Throttling", "throttled", "throttled" },
    { 400, "Throttling.User", "throttled", "throttled" },
    { 429, "Throttling.Api", "throttled", "throttled" },
    { 429, "Whatever", "throttled", "throttled" },
    { 400, "ServiceThrottling", "throttled", "throttled" },
    { 200, "Throttling.User", "throttled", "throttled" },
    { 503, "ServiceUnavailable", "retry", "server" },
    { 500, "InternalError", "retry", "server" },
    { 400, "InternalError.Busy", "retry", "server" },
    { 504, "Whatever", "retry", "server" },
    { 501, "", "retry", "server" },
    { 400, "SignatureNonceUsed", "again", "server" },
    { 408, "", "retry", "network" },
    { 400, "SignatureDoesNotMatch", "failed", "denied", true },
    { 403, "SignatureDoesNotMatch", "failed", "denied", true },
    { 400, "IncompleteSignature", "failed", "denied", true },
    { 400, "InvalidTimeStamp.Expired", "again", "denied", true },
    { 400, "InvalidTimeStamp.Format", "failed", "denied", true },
    { 400, "IllegalTimestamp", "failed", "denied", true },
    { 404, "InvalidAccessKeyId.NotFound", "failed", "denied", true },
    { 400, "InvalidAccessKeyId.Inactive", "failed", "denied", true },
    { 400, "InvalidSecurityToken.Expired", "again", "denied", true },
    { 400, "InvalidSecurityToken.Malformed", "failed", "denied", true },
    { 400, "MissingSecurityToken", "failed", "denied", true },
    { 400, "MissingAccessKeyId", "failed", "denied", true },
    { 403, "Forbidden.RAM", "failed", "denied", true },
    { 403, "NoPermission", "failed", "denied", true },
    { 200, "NoPermission", "failed", "denied", true },
    { 400, "InsufficientBalance", "failed", "denied", true },
    { 404, "InvalidProduct.NotFound", "failed", "denied", true },
    { 404, "InvalidProtocol.NeedSsl", "failed", "denied", true },
    { 401, "", "failed", "denied", true },
    { 403, "Any.Code", "failed", "denied", true },
    { 404, "InvalidAction.NotFound", "failed", "argument", true },
    { 404, "InvalidApi.NotFound", "failed", "argument", true },
    { 400, "InvalidVersion", "failed", "argument", true },
    { 400, "NoSuchVersion", "failed", "argument", true },
    { 403, "UnsupportedHTTPMethod", "failed", "argument", true },
    { 400, "UnsupportedOperation", "failed", "argument", true },
    { 400, "InvalidParameter", "failed", "argument", nil, true },
    { 400, "MissingSerialNumber", "failed", "argument", nil, true },
    { 400, "Nothing.Known", "failed", "argument", nil, true },
    { 404, "Nothing.Known", "failed", "argument" },
    { 404, "NotFound", "failed", "argument", nil, true },
    { 404, "Certificate.NotFound", "failed", "argument", nil, true },
    { 404, "", "failed", "protocol" },
    { 400, "NotFound", "failed", "argument", nil, true },
    { 409, "NotFound", "failed", "argument" },
    { 413, "", "failed", "protocol", nil, true },
    { 414, "", "failed", "protocol", nil, true },
    { 413, "RequestTooLarge", "failed", "argument", nil, true },
    { 400, "", "failed", "protocol" },
    { 302, "", "failed", "protocol" },
    { 302, "Moved", "failed", "protocol" },
    { 201, "", "failed", "protocol" },
    { 200, "Nothing.Known", "failed", "protocol" },
    { 200, "InvalidParameter", "failed", "protocol" },
  }
  local mends = { SignatureNonceUsed = "nonce", ["InvalidTimeStamp.Expired"] = "clock",
    ["InvalidSecurityToken.Expired"] = "credentials" }
  for _, row in ipairs(rows) do
    it(("of HTTP %d and code '%s' is %s, %s"):format(row[1], row[2], row[3], row[4]), function()
      local verdict = refused(row[1], row[2])
      assert.is_nil(verdict.reply)
      assert.equal(row[3], verdict.outcome)
      assert.equal(row[4], verdict.info.class)
      assert.equal(row[5], verdict.info.any)
      assert.equal(mends[row[2]], verdict.mends)
      assert.equal(row[6] or false, verdict.info.may_divide)
      assert.equal(row[2] ~= "" and row[2] or "HTTP" .. row[1], verdict.info.code)
      assert.equal(row[1], verdict.info.http_status)
      assert.equal(row[3] == "throttled" and 1e9 or nil, verdict.pause_ns)
      local what = row[2] ~= "" and ("%s (HTTP %d)"):format(row[2], row[1]) or "HTTP " .. row[1]
      assert.equal("the service answered " .. what, verdict.message)
    end)
  end

  it("has what the service says of it", function()
    local verdict = refused(400, "InvalidParameter", {}, "The specified parameter is not valid.")
    assert.equal("the service answered InvalidParameter (HTTP 400): The specified parameter is not valid.",
      verdict.message)
    assert.equal("The specified parameter is not valid.", verdict.info.server_message)
    assert.equal("R", verdict.info.request_id)
  end)

  it("is read in the other spelling too", function()
    local verdict = classify.event(event(403, { requestId = "R2", code = "NoPermission", message = "You may not." }))
    assert.equal("the service answered NoPermission (HTTP 403): You may not.", verdict.message)
    assert.equal("R2", verdict.info.request_id)
    verdict = classify.event(event(200, { RequestId = "R", code = "NoPermission" }))
    assert.equal("denied", verdict.info.class)
    verdict = classify.event(event(403, { RequestId = "R", Code = cjson.null, code = "NoPermission" }))
    assert.equal("NoPermission", verdict.info.code)
  end)

  it("has its request id from the header where the body has none", function()
    local verdict = classify.event(event(403, { Code = "NoPermission" }, { ["x-acs-request-id"] = "H" }))
    assert.equal("H", verdict.info.request_id)
  end)

  it("with a code that is no string is shown, and is no success", function()
    for _, row in ipairs {
      { 500, "500" }, { 12.0, "12" }, { true, "(a boolean)" }, { false, "(a boolean)" }, { { "x" }, "(a table)" },
    } do
      local verdict = classify.event(event(200, { RequestId = "R", Code = row[1] }))
      assert.equal("failed", verdict.outcome)
      assert.equal(row[2], verdict.info.code)
    end
  end)

  it("can't bring anything unprintable, or long, to a terminal", function()
    local verdict = refused(400, "A\27[2J" .. ("x"):rep(1000), {}, "b\nc" .. ("y"):rep(20000))
    for _, text in ipairs { verdict.message, verdict.info.code, verdict.info.server_message } do
      assert.falsy(text:find("[%c]"))
    end
    assert.truthy(#verdict.message <= 650 and #verdict.info.code <= 320)
    assert.truthy(#verdict.info.server_message > 16000 and #verdict.info.server_message <= 16400)
  end)
end)

describe("classify: an answer that is no JSON", function()
  local HTML = "<html>\n<head><title>Error</title></head></html>"
  local rows = {
    -- status → outcome, class, code, message
    { 200, "retry", "protocol", "InvalidReply" },
    { 204, "retry", "protocol", "InvalidReply" },
    { 302, "failed", "protocol", "InvalidReply" },
    { 400, "retry", "protocol", "InvalidReply" },
    { 404, "retry", "protocol", "InvalidReply" },
    { 500, "retry", "server", "HTTP500" },
    { 502, "retry", "server", "HTTP502" },
  }
  for _, row in ipairs(rows) do
    it(("with HTTP %d is %s, %s, %s"):format(row[1], row[2], row[3], row[4]), function()
      local verdict = classify.event(event(row[1], HTML, { ["x-acs-request-id"] = "H" }))
      assert.equal(row[2], verdict.outcome)
      assert.same({ class = row[3], code = row[4], http_status = row[1], request_id = "H" }, verdict.info)
      assert.equal(("expected a JSON object from the service, found 47 bytes: <html>\\x0A<head><title>Error</title></he"
        .. "... (HTTP %d)"):format(row[1]), verdict.message)
    end)
  end

  it("says enough by its status alone", function()
    for _, row in ipairs {
      { 401, "failed", "denied", true, false }, { 403, "failed", "denied", true, false },
      { 413, "failed", "protocol", nil, true }, { 414, "failed", "protocol", nil, true },
      { 429, "throttled", "throttled", nil, false },
    } do
      local verdict = classify.event(event(row[1], HTML))
      assert.equal(row[2], verdict.outcome)
      assert.equal(row[3], verdict.info.class)
      assert.equal(row[4], verdict.info.any)
      assert.equal(row[5], verdict.info.may_divide)
      assert.equal("HTTP" .. row[1], verdict.info.code)
      assert.equal("the service answered HTTP " .. row[1], verdict.message)
    end
  end)

  it("throttles with the header, whatever its status", function()
    local verdict = classify.event(event(503, HTML, { ["x-acs-retry-after"] = "250" }))
    assert.equal("throttled", verdict.outcome)
    assert.equal(250e6, verdict.pause_ns)
    assert.equal(0.25, verdict.info.retry_after)
  end)
end)

describe("classify: a throttle's delay", function()
  it("is read from the headers", function()
    for _, row in ipairs {
      -- x-acs-retry-after, x-ratelimit-user-api, x-ratelimit-user → milliseconds
      { "5", nil, nil, 5 }, { " 1500 ", nil, nil, 1500 }, { "0", nil, nil, 1000 }, { "-5", nil, nil, 1000 },
      { "", nil, nil, 1000 }, { "1.5", nil, nil, 1000 }, { "1e3", nil, nil, 1000 }, { "0x10", nil, nil, 1000 },
      { "5, 7", nil, nil, 1000 }, { ("9"):rep(400), nil, nil, 120000 },
      { nil, "Limit:1,Remain:0,TimeLeft:2000,Reset:1234", nil, 2000 },
      { nil, nil, "Limit:1,Remain:0,TimeLeft:300,Reset:1234", 300 },
      { nil, "TimeLeft:300", "TimeLeft:2000", 2000 }, { nil, "TimeLeft:2000", "TimeLeft:300", 2000 },
      { nil, "TimeLeft:0", nil, 1000 }, { nil, "TimeLeft:soon", nil, 1000 }, { nil, "TimeLeft:999999", nil, 120000 },
      { "7", "TimeLeft:300", "TimeLeft:2000", 7 }, { "0", "TimeLeft:300", nil, 300 },
    } do
      local verdict = refused(400, "Throttling", { ["x-acs-retry-after"] = row[1], ["x-ratelimit-user-api"] = row[2],
        ["x-ratelimit-user"] = row[3] })
      assert.equal(row[4] * 1e6, verdict.pause_ns)
      assert.equal(row[4] / 1e3, verdict.info.retry_after)
    end
  end)

  it("does not make a throttle of a reply", function()
    local verdict = classify.event(event(200, { RequestId = "R" }, { ["x-acs-retry-after"] = "5" }))
    assert.equal("done", verdict.outcome)
  end)
end)

describe("classify: no reply", function()
  it("is tried again where the network failed, and not where the reply was refused", function()
    for _, row in ipairs {
      { "network", "retry", "NoReply" }, { "protocol", "failed", "ReplyRefused" },
      { "limit", "failed", "ReplyRefused" },
    } do
      local verdict = classify.event { kind = "failed", class = row[1], message = "host: why", http_status = 0 }
      assert.equal(row[2], verdict.outcome)
      assert.equal("host: why", verdict.message)
      assert.same({ class = row[1], code = row[3] }, verdict.info)
    end
  end)

  it("is not tried again, and nothing else is asked, where the connection is refused", function()
    for _, row in ipairs {
      { "network", "tls", "TLSRefused" }, { "network", "proxy", "ProxyRefused" }, { "denied", "proxy", "ProxyRefused" },
      { "limit", "thread", "ThreadRefused" },
    } do
      local verdict = classify.event { kind = "failed", class = row[1], refused = row[2], message = "host: why",
        http_status = 0 }
      assert.same({ outcome = "failed", message = "host: why", info = { class = row[1], code = row[3], any = true } },
        verdict)
    end
  end)

  it("because it was too late to send, is no failure", function()
    local verdict = classify.event { kind = "failed", class = "deadline", too_late = true, message = "host: late" }
    assert.same({ outcome = "late", message = "host: late", info = { class = "deadline", code = "Late" } }, verdict)
  end)
end)

describe("classify: the security token", function()
  local TOKEN = "CAIS+ca/nary-tok.en%of==the=session"

  it("is in no message, though the service repeats it, whole or cut short", function()
    local function check(verdict)
      local function walk(value)
        if type(value) == "table" then
          for _, inner in pairs(value) do walk(inner) end
        elseif type(value) == "string" then
          assert.falsy(value:find("CAIS+ca/", 1, true), value)
          assert.falsy(value:find("session", 1, true), value)
        end
      end
      walk(verdict)
    end
    local echo = "server CanonicalRequest is [POST\n/\n\nx-acs-security-token:" .. TOKEN .. "\nx-acs-version:1]"
    local body = { RequestId = TOKEN, Code = "SignatureDoesNotMatch", Message = echo }
    local verdict = classify.event(event(400, body), TOKEN)
    check(verdict)
    assert.equal("server CanonicalRequest is [POST\\x0A/\\x0A\\x0Ax-acs-security-token:***\\x0Ax-acs-version:1]",
      verdict.info.server_message)
    for cut = 8, #TOKEN do
      body.Message = "the token is " .. TOKEN:sub(1, cut)
      assert.equal("the token is ***", classify.event(event(400, body), TOKEN).info.server_message)
    end
    body.Message, body.Code = nil, "Odd." .. TOKEN
    check(classify.event(event(400, body), TOKEN))
    check(classify.event(event(502, "<html>" .. TOKEN), TOKEN))
    check(classify.event(event(200, TOKEN), TOKEN))
    check(classify.event(event(500, "", { ["x-acs-request-id"] = TOKEN }), TOKEN))
  end)
end)

describe("classify.present", function()
  it("takes null for absent", function()
    assert.is_nil(classify.present(cjson.null))
    assert.is_nil(classify.present(nil))
    assert.is_false(classify.present(false))
    assert.equal(0, classify.present(0))
  end)
end)
