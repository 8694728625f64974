--- revoked-in-use.lua - an audit to copy and change: which certificates in an access log are revoked.
--
--   lua revoked-in-use.lua FIELD LOG [ENDPOINT]     with certstat on LUA_PATH and LUA_CPATH, credentials where the
-- official tools look. Each line of LOG has FIELD=value or is a JSON object; LOG may be packed by gzip. Prints serial,
-- since when it is revoked, in how many lines it stands and the first of them, a tab between. Exit status: 0 none is
-- revoked, 1 one is, 3 a line can't be read or not all have an answer, 4 usage.
local certstat = require "certstat"
local file = require "certstat.sources.file"
local iso = require("certstat.times").iso

local field, path, endpoint = arg[1], arg[2], arg[3]
if not path then
  io.stderr:write("usage: lua revoked-in-use.lua FIELD LOG [ENDPOINT]\n")
  os.exit(4)
end

local client, lines, problem
lines, problem = file.open(path, { format = "log", where = field })
if lines then
  client, problem = certstat.client { endpoint = endpoint }
end
local rows = client and client:audit(lines)
local found, revoked = {}, {}
while client do
  local row, why = rows()
  if not row then
    problem = problem or why
    break
  elseif row.status == "revoked" then
    local one = found[row.key]
    if not one then
      one = { serial = row.serial, at = row.revoked_at, lines = 0, first = row.item.source }
      found[row.key], revoked[#revoked + 1] = one, one
    end
    one.lines = one.lines + 1
  elseif row.status == "error" or row.status == "invalid" then
    problem = problem or ("%s is %s: %s"):format(row.serial, row.status, row.message)
  end
end
for _, one in ipairs(revoked) do
  print(("%s\t%s\t%d\t%s"):format(one.serial, one.at and iso(one.at) or "-", one.lines, one.first))
end
if client then client:close() end
if problem then
  io.stderr:write("revoked-in-use.lua: ", problem, "\n")
  os.exit(3)
end
os.exit(revoked[1] and 1 or 0)
