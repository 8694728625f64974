--- cross-check.lua - an audit to copy and change: the service against the CA's CRL and OCSP responder, through openssl.
--
--   lua cross-check.lua CHAIN CRL URL [ENDPOINT]     CHAIN: PEM, the issuer first; URL: the responder's
-- Prints of each certificate listed on which they disagree serial, what service, CRL and responder say, and the lag:
-- seconds since it was first revoked. Exit status: 0 they agree, 1 they don't, 3 not all could be asked.
local certstat, core = require "certstat", require "certstat.core"
local read_date = require("certstat.times").read_http_date

local function fail(message)
  io.stderr:write("cross-check.lua: ", core.printable(message, 300), "\n")
  os.exit(3)
end

-- {[key] = {word =, at =}} of what openssl prints; it ends well only where the signature is right.
local function openssl(words)
  for i, word in ipairs(words) do words[i] = "'" .. word:gsub("'", "'\\''") .. "'" end
  local pipe = io.popen("openssl " .. table.concat(words, " ") .. " 2>&1 && echo DONE")
  local found, last, text = {}, nil, pipe:read("*a")
  pipe:close()
  if not text:find("DONE\n$") then fail("openssl: " .. text:match("[^\n]*")) end
  for line in text:gmatch("[^\n]+") do
    local serial = line:match("^%s*Serial Number: (%x+)$") or line:match("^0x(%x+): %l+$")
    last = serial and { word = line:match(": (%l+)$") or "revoked" } or last
    if serial then found[core.serial(serial)] = last end
    local month, day, time, year = line:match("^%s+Revocation %a+: (%a+) +(%d+) (%S+) (%d+) GMT$")
    if month then last.at = read_date(("Any, %02d %s %s %s GMT"):format(day, month, year, time)) end
  end
  return found
end

local crl = openssl { "crl", "-noout", "-text", "-in", arg[2] or "", "-CAfile", arg[1] or "" }
local client, problem = certstat.client { endpoint = arg[4] }
if not client then fail(problem) end
local rows, group, disagreements = client:audit(client:certificates()), {}, 0

local function compare()
  local words = { "ocsp", "-timeout", "10", "-issuer", arg[1], "-CAfile", arg[1], "-url", arg[3] or "" }
  for i, row in ipairs(group) do words[8 + 2 * i], words[9 + 2 * i] = "-serial", "0x" .. row.key end
  local responder = openssl(words)
  for _, row in ipairs(group) do
    local inside, said = crl[row.key] or { word = "good" }, responder[row.key] or { word = "silent" }
    if row.status ~= said.word or (row.status == "revoked") ~= (inside.word == "revoked") then
      local since = math.min(row.revoked_at or math.huge, inside.at or math.huge, said.at or math.huge)
      local lag = since < math.huge and os.time() - since or "-"
      print(("%s\t%s\t%s\t%s\t%s"):format(row.serial, row.status, inside.word, said.word, lag))
      disagreements = disagreements + 1
    end
  end
  group = {}
end

repeat
  local row, message = rows()
  if message or row and not row.key or row and row.status == "error" then fail(message or row.message) end
  group[#group + 1] = row
  if #group == 50 or not row and group[1] then compare() end
until not row
client:close()
os.exit(disagreements > 0 and 1 or 0)
