--- The command against a server that lies: one clear line, the right exit code, no guess, no secret, no call too many.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local liar = require "spec.host.liar"

local SECRET = "Canary/Secret+0123456789=" -- its other spellings are sought too

-- lie, exit code, the row behind serial and key, what its message has, calls
local CASES = {
  { "html", 3, "error,,protocol,InvalidReply,", "found 39 bytes: <html><body>Please log in</body></html> (", 4 },
  { "half", 3, "error,,protocol,InvalidReply,", "expected a JSON object from the service, found 48 bytes", 4 },
  { "code", 3, "error,,protocol,Weird.Thing,", "answered Weird.Thing (HTTP 200): no\\x1B[31m way", 1 },
  { "nan", 3, "error,,protocol,InvalidReply,", "expected a JSON object from the service, found 97 bytes", 4 },
  { "null", 1, "revoked,,,,", "", 1 },
  { "word", 3, "error,,protocol,UnknownStatus,", "expected good, revoked or unknown in Status, found 'fine'", 1 },
  { "status", 3, "error,,protocol,InvalidReply,", "expected a string in Status, found nothing", 1 },
  { "missing", 2, "absent,,,,", "", 1 },
  { "foreign", 2, "absent,,,,", "", 1 },
  { "two", 2, "conflict,,,,", "", 1 },
  { "string", 3, "error,,protocol,InvalidReply,", "expected an array in CertificateStatus, found a string", 4 },
  { "object", 3, "error,,protocol,InvalidReply,", "expected an array in CertificateStatus, found an object", 4 },
  { "redirect", 3, "error,,protocol,InvalidReply,", "(HTTP 302)", 1 },
  { "failing", 3, "error,,server,ServiceUnavailable,", "answered ServiceUnavailable (HTTP 503): later", 4 },
  { "endless", 3, "error,,limit,ReplyRefused,", "16777216", 1 },
  { "short", 3, "error,,network,NoReply,", "", 4 },
}

describe("a server that lies", function()
  local server, home

  setup(function()
    server, home = liar.start(), files.folder()
  end)

  teardown(function()
    liar.stop(server)
    ipc.remove_folder(home)
  end)

  local function run(id, arguments)
    local command = ("env -i PATH='%s' HOME='%s' LUA_PATH='%s' LUA_CPATH='%s' LD_PRELOAD='%s' "
      .. "ALIBABA_CLOUD_ACCESS_KEY_ID='%s' ALIBABA_CLOUD_ACCESS_KEY_SECRET='%s' '%s' %s --endpoint %s "
      .. "> %s/out 2> %s/err < /dev/null; echo $?"):format(
      os.getenv("PATH"), home, os.getenv("LUA_PATH"), os.getenv("LUA_CPATH"), os.getenv("LD_PRELOAD") or "", id,
      SECRET, os.getenv("CERTSTAT"), arguments, server.url, home, home)
    return tonumber(files.shell(command)), files.read(home .. "/out"), files.read(home .. "/err")
  end

  local function has_no_secret(text)
    for _, form in ipairs { SECRET, SECRET:sub(1, 8), "Q2FuYXJ5L1NlY3JldCswMTIzNDU2Nzg5PQ", "Canary%2FSecret%2B" } do
      assert.is_nil(text:find(form, 1, true))
    end
    assert.is_nil(text:find("stack traceback", 1, true))
  end

  for _, case in ipairs(CASES) do
    local lie, code, row, message, calls = case[1], case[2], case[3], case[4], case[5]
    it(("is answered with exit code %d: %s"):format(code, lie), function()
      -- a home each, for the retry budget lies in it
      local status, out, err = run(lie, ("status 0a --format csv --verbose --home %s/%s"):format(home, lie))
      assert.are.equal(code, status, out .. err)
      local line = out:match("\n(0a,0a,[^\r\n]*)")
      assert.are.equal("0a,0a," .. row, line and line:sub(1, #row + 6), out .. err)
      assert.is_truthy(out:find(message, 1, true), out)
      local nonces, seen = liar.nonces(server, lie), {}
      assert.are.equal(calls, #nonces)
      for _, nonce in ipairs(nonces) do
        assert.is_nil(seen[nonce])
        seen[nonce] = true
      end
      has_no_secret(out .. err)
    end)
  end

  it("closes kept connections: as many arrivals as permits, each nonce once, every serial answered", function()
    local status, out, err = run("closing",
      ("status 01 02 03 04 05 06 --batch 1 --format csv --home %s/closing"):format(home))
    assert.are.equal(0, status, out .. err)
    assert.are.equal(6, select(2, out:gsub(",good,", "")))
    local nonces, seen = liar.nonces(server, "closing"), {}
    for _, nonce in ipairs(nonces) do
      assert.is_nil(seen[nonce])
      seen[nonce] = true
    end
    local calls = tonumber(err:match("(%d+) calls"))
    assert.are.equal(#nonces, calls)
    has_no_secret(out .. err)
  end)
end)
