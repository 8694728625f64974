-- audit.lua NAME KNOWN SERIALS … - `certstat audit` of so many serials for each number, through the command, the ledger
-- and the emulator, whose quota is off: as fast as it can, within the 400 calls a second of --qps. KNOWN of them are in
-- the database of the emulator's CA, the rest are strangers. NAME: of the Lua that runs it.
--
-- Every row has to be right, each serial once in the ledger, and memory below 64 MiB.
local digest = require "spec.support.digest"
local emulator = require "spec.emulator.emulator"
local figures = require "spec.bench.figures"
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"
local ledger = require "certstat.ledger"
local many = require "spec.support.ledger_rows"

local MOST_MIB = 64

local lua, known = table.remove(arg, 1), tonumber(table.remove(arg, 1))
local folder = files.folder()

local function with_file(path, body)
  local file = assert(io.open(path, "wb"))
  body(file)
  file:close()
end

local function write_database(file)
  for i = 1, known do
    local what = many.is_revoked(i) and "R\t391124041809Z\t260102030405Z" or "V\t391124041809Z\t"
    file:write(what, "\t", many.key(i):upper(), "\tunknown\t/CN=x\n")
  end
end

-- What the audit has to write.
local function write_report(file, serials)
  file:write("serial,key,status,revoked_at,class,code,message\r\n")
  for i = 1, serials do
    local said = i > known and "unknown," or many.is_revoked(i) and "revoked,2026-01-02T03:04:05Z" or "good,"
    file:write(("%s,%s,%s,,,\r\n"):format(many.key(i), many.key(i), said))
  end
end

-- Runs the audit; returns seconds, CPU seconds and MiB.
local function audit(service, home)
  local command = ("ALIBABA_CLOUD_ACCESS_KEY_ID=demo ALIBABA_CLOUD_ACCESS_KEY_SECRET=throw-away %s "
    .. "spec/bench/measured.lua %s/cost audit --from %s/list --endpoint %s --home %s --qps 400 --batch 1000 --quiet "
    .. "--format csv --output %s/report; [ $? -eq 1 ]"):format(os.getenv("LUA_EXE"), folder, folder, service.url, home,
    folder)
  local started = ipc.now_ns()
  files.shell(command) -- 1: some are revoked
  local seconds = (ipc.now_ns() - started) / 1e9
  local cpu_seconds, mib = files.read(folder .. "/cost"):match("(%S+) (%S+)")
  return seconds, tonumber(cpu_seconds), tonumber(mib)
end

local function measure(service, serials)
  local home = folder .. "/home"
  with_file(folder .. "/list", function(file)
    for i = 1, serials do file:write(many.key(i), "\n") end
  end)
  local seconds, cpu_seconds, mib = audit(service, home)
  assert(digest.printed(("cat %s/report"):format(folder))
    == digest.written(function(file) write_report(file, serials) end), "the report has other rows than it should")
  local opened = assert(ledger.open { home = home })
  local facts = opened:info()
  assert(facts.asked == serials and facts.answers == serials and facts.latest == serials, "the ledger lacks a serial")
  assert(opened:runs()[1].whole)
  opened:close()
  ipc.remove_folder(home)
  assert(mib < MOST_MIB, ("%d serials took %.1f MiB, expected less than %d"):format(serials, mib, MOST_MIB))
  return {
    name = ("%d serials"):format(serials), rate = serials / seconds, cpu = cpu_seconds / serials * 1e6, mib = mib,
  }
end

files.shell(("mkdir -p %s/ca/newcerts"):format(folder))
with_file(folder .. "/ca/index.txt", write_database)
local service = emulator.start { "--ca", folder .. "/ca", "--listen", "127.0.0.1:0", "--qps", "100000" }
local least
for _, number in ipairs(arg) do
  local figure = measure(service, tonumber(number))
  if least then
    local name = ("audit on %s, %s: "):format(lua, figure.name)
    figures.line(name .. "rows", figure.rate, least.name, least.rate, "/s")
    figures.line(name .. "CPU", figure.cpu, least.name, least.cpu, "us/row")
    figures.line(name .. "memory", figure.mib, least.name, least.mib, "MiB")
  end
  least = least or figure
end
emulator.stop(service)
ipc.remove_folder(folder)
