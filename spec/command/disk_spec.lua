-- Audits whose disk is full or whose files go away: one line, an exit code, and nothing is lost. A limit on the size of
-- files stands in for a full disk, for root too.
local files = require "spec.emulator.files"
local program = require "spec.command.program"

local CERTIFICATES, REVOKED = 60, 6

describe("the program certstat, at an audit", function()
  local here, whole, homes

  -- An audit of 12 calls in a home of its own, or the one of the audit before.
  local function audit(more, setup)
    return here:run(("%s\ncertstat audit --endpoint $ENDPOINT --home $FOLDER/home%d --from $FOLDER/list --batch 5 "
      .. "--qps 400 --guard 0 --format csv --quiet %s"):format(setup or "", homes, more or ""))
  end

  setup(function()
    here = program.new(CERTIFICATES, REVOKED)
    local serials = {}
    for i, one in ipairs(here.certificates) do
      serials[i] = one.serial
    end
    files.write(here.folder .. "/list", table.concat(serials, "\n") .. "\n")
    homes = 0
    whole = select(2, audit())
    local _, rows = whole:gsub("\r\n", "")
    assert.equal(1 + CERTIFICATES, rows)
  end)

  before_each(function()
    homes = homes + 1
  end)

  teardown(function()
    here:close()
  end)

  -- The audit of before goes on, and is whole: so is the ledger, which has each serial once.
  local function goes_on(more)
    local status, out, err = audit("--resume " .. (more or ""))
    assert.equal("certstat: run 1 goes on\n", err)
    assert.equal(1, status)
    local _, facts = here:run(("for what in info check; do certstat ledger $what --home $FOLDER/home%d; done"):format(
      homes))
    assert.is_truthy(facts:find(("\nruns +1\nasked +%d\nanswers +%d\n"):format(CERTIFICATES, CERTIFICATES)), facts)
    assert.is_truthy(facts:find("\nthe ledger is whole\n$"), facts)
    return out
  end

  it("gives all rows where there is no room for the ledger, and goes on with what it has", function()
    local status, out, err = audit("", "ulimit -f 200") -- 102,400 bytes
    assert.equal(("certstat: ledger: %s/home%d/ledger.db: File too large; this run's record is not whole\n"):format(
      here.folder, homes), err)
    assert.equal(whole, out)
    assert.equal(3, status)
    assert.equal(whole, goes_on())
  end)

  it("stops where there is no room for its report, and asks for nothing twice", function()
    files.write(here.folder .. "/r", "old")
    local status, out, err = audit("--output $FOLDER/r", "ln -s /dev/full $FOLDER/r.part")
    assert.equal(("certstat: cannot write to %s/r.part: No space left on device\n"):format(here.folder), err)
    assert.equal("", out)
    assert.equal("old", files.read(here.folder .. "/r"))
    assert.equal(3, status)
    os.remove(here.folder .. "/r.part")
    assert.equal("", goes_on("--output $FOLDER/r"))
    assert.equal(whole, files.read(here.folder .. "/r"))
  end)

  it("asks for nothing where its report can't be begun", function()
    local status, out, err = audit("--output $FOLDER/s --verbose", "mkdir $FOLDER/s.part")
    assert.equal(("certstat: %s/s.part: Is a directory\n"):format(here.folder), err)
    assert.equal("", out)
    assert.equal(4, status)
  end)

  it("keeps its report where that can't have its name", function()
    local status, _, err = audit("--output $FOLDER/t", "mkdir $FOLDER/t")
    assert.equal(("certstat: cannot write to %s/t: Is a directory\n"):format(here.folder), err)
    assert.equal(whole, files.read(here.folder .. "/t.part"))
    assert.equal(3, status)
  end)

  it("gives all rows where its ledger is deleted meanwhile", function()
    local status, out, err = here:run(([[
mkfifo $FOLDER/lines
"$CERTSTAT" audit --endpoint $ENDPOINT --home $FOLDER/home%d --from $FOLDER/list --batch 5 --guard 0 --qps 10 \
  --format csv --quiet --verbose > $FOLDER/rows 2> $FOLDER/lines &
{ read -r first; rm $FOLDER/home%d/ledger.db; cat > $FOLDER/rest; } < $FOLDER/lines
wait $!
code=$?
cat $FOLDER/rows
grep ledger $FOLDER/rest >&2
exit $code]]):format(homes, homes))
    assert.equal(("certstat: ledger: %s/home%d/ledger.db: has been deleted or replaced while it was in use; "
      .. "this run's record is not whole\n"):format(here.folder, homes), err)
    assert.equal(whole, out)
    assert.equal(3, status)
  end)

  it("shares its ledger with another", function()
    local status, out, err = here:run(([[
for i in 1 2; do
  "$CERTSTAT" audit --endpoint $ENDPOINT --home $FOLDER/home%d --from $FOLDER/list --batch 5 --qps 400 --guard 0 \
    --format csv --quiet --output $FOLDER/shared$i &
  last=$first first=$!
done
wait $last
echo $?
wait $first
echo $?
cmp $FOLDER/shared1 $FOLDER/shared2
certstat ledger check --home $FOLDER/home%d]]):format(homes, homes))
    assert.equal("", err)
    assert.equal("1\n1\nthe ledger is whole\n", out)
    assert.equal(whole, files.read(here.folder .. "/shared1"))
    assert.equal(0, status)
  end)
end)
