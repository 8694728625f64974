-- What an audit, and the command ledger, make of a ledger that can't be used, and of one that fails them in the middle:
-- one line, an exit code, and nothing lost of what is there. The ledger's own part in it is tried in spec/c/ledger.
local files = require "spec.emulator.files"
local ledger = require "certstat.ledger"
local program = require "spec.command.program"

describe("certstat on a bad day of its ledger", function()
  local here, home

  setup(function()
    here = program.new(1, 0)
  end)

  teardown(function()
    here:close()
  end)

  before_each(function()
    home = here.folder .. "/home"
    local opened = assert(ledger.open { home = home, create = true })
    local run = assert(opened:begin_run { account = "default", command = "audit", settings = "x", started = 1 })
    assert(opened:record { account = "default", run = run, checked_at = 1,
      answers = { { key = "b67e", status = "revoked", revoked_at = 1 } } })
    assert(opened:end_run(run, 2, true))
    opened:close()
  end)

  after_each(function()
    files.shell(("chmod 700 %s && rm -rf %s"):format(home, home))
  end)

  local function look(body)
    local opened = assert(ledger.open { home = home })
    body(opened)
    assert.equal("", opened:check())
    opened:close()
  end

  -- root without its right to pass over permissions, who is the owner all the same
  local UNPRIVILEGED = [[
unprivileged() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --bounding-set=-dac_override --inh-caps=-dac_override "$@"
  else
    "$@"
  fi
}
]]

  local unusable = {
    {
      "is cut off", "is damaged; it is left as it is",
      function(path)
        files.write(path, files.read(path):sub(1, -3000))
      end,
    },
    {
      "is another file", "expected a ledger of certstat, found another file; it is left as it is",
      function(path)
        files.write(path, "a note\n")
      end,
    },
    {
      "is of a newer version",
      "is of a newer version of certstat: found schema 99, expected at most %d; it is left as it is",
      function(path)
        files.shell(("sqlite3 %s 'PRAGMA user_version = 99'"):format(path))
      end,
    },
    {
      "may not be written", "can't be used without the right to write it, and to its folder",
      function()
        files.shell("mkdir -m 700 " .. home .. "/quota && chmod 500 " .. home)
      end,
    },
  }
  for _, case in ipairs(unusable) do
    it(("says once that it %s, and exits with 4"):format(case[1]), function()
      local path, schema = home .. "/ledger.db", nil
      look(function(opened)
        schema = opened:info().schema
      end)
      case[3](path)
      local before = files.read(path)
      for _, command in ipairs { "ledger info", "ledger check", "ledger compact --keep 1",
        "status --record --endpoint $ENDPOINT 1", "audit --from - --endpoint $ENDPOINT" } do
        local status, out, err = here:run(('%s echo 1 | unprivileged "$CERTSTAT" %s --home %s'):format(UNPRIVILEGED,
          command, home))
        assert.equal(("certstat: ledger: %s: %s\n"):format(path, case[2]:format(schema)), err)
        assert.equal("", out)
        assert.equal(4, status)
      end
      assert.equal(before, files.read(path))
    end)
  end

  -- A list of which much is asked for. Its rows, in what a report of it has to be.
  local LIST = [[
seq 100000000000 100000001999 > $FOLDER/list
audit() {
  "$CERTSTAT" audit --from $FOLDER/list --endpoint $ENDPOINT --qps 400 --quiet --format tsv --columns serial,status \
    --home $FOLDER/home > $FOLDER/rows
}
]]

  local function check_rows()
    local rows = { "serial\tstatus\n" }
    for i = 0, 1999 do
      rows[#rows + 1] = ("%.0f\tunknown\n"):format(100000000000 + i)
    end
    assert.equal(table.concat(rows), files.read(here.folder .. "/rows"))
  end

  it("gives all rows where its files may not grow any more, says so, and exits with 3", function()
    local status, out, err = here:run(LIST .. "ulimit -f 1500; audit") -- blocks of 512 bytes
    assert.equal(("certstat: ledger: %s/ledger.db: File too large; this run's record is not whole\n"):format(home), err)
    assert.equal("", out)
    assert.equal(3, status)
    check_rows()
    look(function(opened)
      local facts, run = opened:info(), opened:runs()[1]
      assert.equal(2, run.run)
      assert.is_nil(run.ended)
      assert.is_true(facts.answers > 1 and facts.answers < 2001)
      assert.equal("revoked", opened:latest("default", "b67e").status)
    end)
  end)

  it("is held up by no reader that never ends", function()
    local status, out, err = here:run(LIST .. [[
mkfifo $FOLDER/reader
sqlite3 $FOLDER/home/ledger.db < $FOLDER/reader > $FOLDER/seen &
exec 3> $FOLDER/reader
echo "BEGIN; SELECT count(*) FROM answers;" >&3
until [ -s $FOLDER/seen ]; do :; done
audit
echo $?
"$CERTSTAT" ledger compact --keep 1 --home $FOLDER/home
echo "SELECT count(*) FROM answers;" >&3
exec 3>&-
wait
cat $FOLDER/seen]])
    assert.equal("", err)
    assert.equal("2\n1 run taken out\n1\n1\n", out)
    assert.equal(0, status)
    check_rows()
    look(function(opened)
      assert.equal(2000, opened:info().answers)
    end)
  end)
end)
