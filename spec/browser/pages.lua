-- pages.lua FOLDER - the pages that the browser reads, and what it must find there, as JSON:
--   audited   what the command makes of a real CA and the emulator, at its second audit; the CA's certificates
--   hostile   a row for each name that tries to be more than text; the names, printable
--   large     100,000 rows, every hundredth revoked
local cjson = require("cjson").new()
local facts = require "spec.report.facts"
local files = require "spec.emulator.files"
local program = require "spec.command.program"
local report = require "certstat.report"
local shown = require "certstat.report.shown"
local strict = require "spec.report.strict"

local folder = arg[1]

local function expect(name, value)
  files.write(("%s/%s.json"):format(folder, name), cjson.encode(value))
end

-- Revokes the first good certificate of the CA, in its database alone.
local function revoke(database)
  files.write(database, (files.read(database):gsub("V\t(%d+Z)\t\t", "R\t%1\t260102030405Z,keyCompromise\t", 1)))
end

local function audited()
  local world = program.new(20, 5)
  local database = world.folder .. "/ca/sub/index.txt"
  local command = ('cd "$FOLDER" && cp ca/sub/index.txt . && certstat audit --endpoint "$ENDPOINT" --from index.txt '
    .. '--from odd.txt --quiet --report %s/audited.html'):format(folder)
  files.write(world.folder .. "/odd.txt", "0badc0de\n1,2\n")
  assert(world:run(command) == 1)
  revoke(database)
  local status, _, problems = world:run(command)
  local certificates = world:database()
  world:close()
  assert(status == 1 and problems == "", problems)
  expect("audited", certificates)
end

local function hostile()
  local rows, names = strict.hostile_rows(), {}
  for i, row in ipairs(rows) do
    row.item = { subject = row.serial, source = row.serial }
    names[i] = shown(row.serial)
  end
  local asked = { from = table.concat(strict.HOSTILE), account = strict.HOSTILE[1] }
  files.write(folder .. "/hostile.html", strict.text("html", rows, { asked = asked }))
  expect("hostile", names)
end

local function large()
  local file = assert(io.open(folder .. "/large.html", "wb"))
  local opened = report.open("html", function(text)
    file:write(text)
  end)
  local counts = { good = 0, revoked = 0 }
  for i = 1, 100000 do
    local status = i % 100 == 0 and "revoked" or "good"
    counts[status] = counts[status] + 1
    opened.row({
      serial = ("%036x"):format(i * 7919), key = ("%036x"):format(i * 7919), status = status,
      revoked_at = status == "revoked" and 1767323045 - i * 600 or nil,
      item = {
        subject = ("C=CN,O=Example,OU=Unit %d,CN=client-%d.example"):format(i % 40, i),
        source = "serials.txt:" .. i, not_after = 1767323045 + i * 400,
      },
    })
  end
  opened.finish(facts.of(counts))
  file:close()
end

audited()
hostile()
large()
