--- certstat sign - how a request is signed, stage by stage, or where the service signs it otherwise; nothing is sent.
--
-- The secret comes from the credential chain and is never shown.
local against = require "certstat.command.against"
local core = require "certstat.core"
local exit_codes = require "certstat.command.exit_codes"
local operations = require "certstat.operations"
local options = require "certstat.command.options"
local shortened = require "certstat.shortened"

local sign = {}

local V3, V1 = "ACS3-HMAC-SHA256", "HMAC-SHA1"
local ACTION = "DescribeClientCertificateStatusForSerialNumber"

-- A converter for what becomes a header's value or part of one: nothing that could end it.
local function word(name)
  return function(text)
    if text:find("^[%w%-_.:~]+$") then
      return text
    end
    return nil, ("%s: expected letters, digits, - _ . : and ~, found '%s'"):format(name, text)
  end
end

local function check_parameter(text)
  if text:find("^[^=]+=") then
    return text
  end
  return nil, ("--query: expected NAME=VALUE, found '%s'"):format(text)
end

local function check_date(text)
  if text:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$") then
    return text
  end
  return nil, ("--date: expected a time such as 2026-01-02T03:04:05Z, found '%s'"):format(text)
end

function sign.configure(command)
  command:description("How a request is signed, stage by stage. Nothing is sent.")
  command:summary("How a request is signed, stage by stage; nothing is sent.")
  command:epilog([[
The secret is never shown. The access key id is shortened and a security token left out
wherever they stand, so that what is printed can be pasted into a ticket; a canonical
request with a token therefore differs from the one that was hashed.

With --against, what no option says of the request is taken from the message, but for the
host and the key.

Examples:
   certstat sign --region cn-hangzhou --query SerialNumber=084bde9c,b67e53eb
   certstat sign --region cn-hangzhou --against - < reply.json]])
  local algorithm = command:option("--algorithm", "The scheme (" .. V3 .. ")."):choices({ V3, V1 }):argname("NAME")
  local against_text = command:option("--against", "The message, or the whole reply, of SignatureDoesNotMatch (- reads "
    .. "it): shows the first place where the service signs something else, and why."):argname("TEXT")
  command:group("The request",
    command:option("--action", "Operation (" .. ACTION .. ")."):argname("A"):convert(word("--action")),
    command:option("--api-version", "Version of the interface (2020-06-30)."):argname("V")
      :convert(word("--api-version")),
    command:option("--query", "A parameter, unescaped; may be given again."):argname("NAME=VALUE"):count("*")
      :convert(check_parameter),
    command:option("--method", "HTTP method (POST; GET for HMAC-SHA1)."):argname("M"):convert(word("--method")),
    command:option("--host", "Host that is signed, instead of the endpoint's."):argname("H")
      :convert(word("--host")),
    command:option("--date", "Time that is signed (now)."):argname("TIME"):convert(check_date),
    command:option("--nonce", "Number used once (random)."):argname("TEXT"):convert(word("--nonce")),
    algorithm, against_text)
  command:mutex(algorithm, against_text)
  local endpoint, region, network, allow_http = options.endpoint(command)
  command:group("The service", endpoint, region, network, options.profile(command), allow_http)
end

-- Parameters as a table; nil and a message where a name comes twice.
local function query_of(parameters)
  local query = {}
  for _, parameter in ipairs(parameters) do
    local name, value = parameter:match("^([^=]+)=(.*)$")
    if query[name] then
      return nil, ("--query: '%s' is given twice"):format(name)
    end
    query[name] = value
  end
  return query
end

-- The host that a client of these options would ask.
local function host_of(arguments, environment, credentials)
  if arguments.host then
    return arguments.host
  end
  local endpoint, message, info = environment.endpoint({
    endpoint = arguments.endpoint,
    region = arguments.region,
    network = arguments.network,
    allow_http = arguments.allow_http,
  }, environment.getenv, credentials)
  if not endpoint then
    return nil, message, info
  end
  return endpoint.host
end

local function percent_encoded(text)
  return (text:gsub("[^%w%-_.~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

local function replaced(text, plain, by)
  return (text:gsub(plain:gsub("%p", "%%%0"), (by:gsub("%%", "%%%%"))))
end

-- A function that takes the id and the token out of a text, also where they stand percent-encoded, once or
-- twice.
local function masker(credentials)
  local masks = { { credentials.access_key_id, shortened(credentials.access_key_id) } }
  if credentials.security_token and credentials.security_token ~= "" then
    table.insert(masks, 1, { credentials.security_token,
      ("(security token of %d characters)"):format(#credentials.security_token) })
  end
  return function(text)
    for _, mask in ipairs(masks) do
      local once = percent_encoded(mask[1])
      for _, form in ipairs({ percent_encoded(once), once, mask[1] }) do
        text = replaced(text, form, mask[2])
      end
    end
    return text
  end
end

local function section(title, text)
  local indented = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    indented[#indented + 1] = (("  " .. core.printable(line)):gsub(" +$", ""))
  end
  return title .. "\n" .. table.concat(indented, "\n") .. "\n"
end

local function headers_text(headers)
  local lines = {}
  for name, value in pairs(headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

local function explain(request, credentials, signed)
  local mask = masker(credentials)
  local parts = { ("algorithm   %s\naccess key  %s, from %s\n"):format(
    request.algorithm,
    core.printable(shortened(credentials.access_key_id)),
    core.printable(credentials.provider)) }
  if signed.canonical_request then
    parts[#parts + 1] = section("canonical request", mask(signed.canonical_request))
  end
  parts[#parts + 1] = section("string to sign", mask(signed.string_to_sign))
  parts[#parts + 1] = section("signature", signed.signature)
  local sent = request.method .. " " .. signed.target .. "\n" .. headers_text(signed.headers)
  parts[#parts + 1] = section("to send", mask((sent:gsub("\n$", ""))))
  return table.concat(parts, "\n")
end

function sign.run(arguments, environment)
  local query, repeated = query_of(arguments.query)
  if not query then
    environment.say(repeated)
    return exit_codes.usage
  end
  local credentials, message, info = environment.credentials({
    profile = arguments.profile,
    getenv = environment.getenv,
  })
  if not credentials then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  local host
  host, message, info = host_of(arguments, environment, credentials)
  if not host then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  local request = {
    method = arguments.method,
    host = host,
    action = arguments.action,
    version = arguments.api_version,
    date = arguments.date,
    nonce = arguments.nonce,
    access_key_id = credentials.access_key_id,
    access_key_secret = credentials.access_key_secret,
    security_token = credentials.security_token,
  }
  if arguments.against then
    request.query = next(query) and query
    return against.run(arguments.against, request, credentials.provider, environment)
  end
  request.algorithm, request.path, request.query = arguments.algorithm or V3, "/", query
  request.method = request.method or (request.algorithm == V3 and "POST" or "GET")
  request.action, request.version = request.action or ACTION, request.version or operations.VERSION
  local signed
  signed, message, info = require("certstat").sign(request)
  if not signed then
    environment.say(message)
    return exit_codes.of_failure(info)
  end
  environment.stdout:write(explain(request, credentials, signed))
  return exit_codes.ok
end

return sign
