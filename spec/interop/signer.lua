-- signer.lua - certstat's signer and verifier as a filter: a line of JSON in, a line of JSON out. Bodies are in
-- hexadecimal, headers that were received are {name, value} each, and changes are those of changes.js.
-- In:  {sign = what certstat.sign is given, received = {method=, target=, headers=, body=}, changes = {…}}
-- Out: {signed = Authorization or V1's Signature, or what is wrong; accepted = true, or what is wrong;
--       refused = {code, or false for what was accepted; … for each change}}
local certstat = require "certstat"
local json = require("cjson").new()

local function from_hex(text)
  return (text:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function change_byte(text, change)
  return text:sub(1, change.at - 1) .. string.char(change.byte) .. text:sub(change.at + 1)
end

-- What a server makes of the lines it received: {name = value | {value, …}}.
local function to_table(headers)
  local out = {}
  for _, header in ipairs(headers) do
    local name, value = header[1], header[2]
    local before = out[name]
    if type(before) == "table" then
      before[#before + 1] = value
    else
      out[name] = before and { before, value } or value
    end
  end
  return out
end

local function change_headers(headers, change)
  local out = {}
  for i, header in ipairs(headers) do
    local name, value = header[1], header[2]
    if i == change.header and change.part == "name" then name = change_byte(name, change) end
    if i == change.header and change.part == "value" then value = change_byte(value, change) end
    out[i] = { name, value }
  end
  return out
end

local function verify(received, secret, change)
  local request = {
    method = received.method, target = received.target, headers = received.headers, body = received.body,
    secret = secret,
  }
  if change and change.header then
    request.headers = change_headers(request.headers, change)
  elseif change then
    request[change.part] = change_byte(request[change.part], change)
  end
  request.headers = to_table(request.headers)
  return certstat.verify(request)
end

local function answer(asked)
  local sign, received = asked.sign, asked.received
  local secret = sign.access_key_secret
  sign.body = sign.body and from_hex(sign.body)
  received.body = from_hex(received.body)
  local signed, message = certstat.sign(sign)
  local out = { signed = signed and (signed.authorization or signed.signature) or message, refused = {} }
  local ok, why = verify(received, secret)
  out.accepted = ok or why
  for i, change in ipairs(asked.changes) do
    local accepted, _, info = verify(received, secret, change)
    out.refused[i] = not accepted and (info.code or info.class)
  end
  return out
end

for line in io.lines() do
  io.write(json.encode(answer(json.decode(line))), "\n")
end
