local canaries = require "spec.support.canaries"
local program = require "spec.command.program"

describe("the program certstat", function()
  local here, database, good, revoked

  setup(function()
    here = program.new(24, 4)
    database = here:database()
    for serial, entry in pairs(database) do
      good = entry.status == "good" and serial or good
      revoked = entry.status == "revoked" and serial or revoked
    end
  end)

  teardown(function()
    here:close()
  end)

  it("shows what the service says", function()
    local status, out, err = here:run(("certstat status --endpoint $ENDPOINT --format tsv %s %s 1234567890 1,2"):format(
      revoked, good:upper():gsub("..", "%0:"):sub(1, -2)))
    assert.equal("serial\tkey\tstatus\trevoked_at\tclass\tcode\tmessage\n"
      .. ("%s\t%s\trevoked\t%s\t\t\t\n"):format(revoked, revoked, database[revoked].at)
      .. ("%s\t%s\tgood\t\t\t\t\n"):format(good:upper():gsub("..", "%0:"):sub(1, -2), good)
      .. "1234567890\t1234567890\tunknown\t\t\t\t\n"
      .. "1,2\t\tinvalid\t\targument\tInvalidSerialNumber\t"
      .. "serial number: expected one serial number, found ',' at character 2\n", out)
    assert.equal("4 serials: 1 good, 1 revoked, 1 unknown, 1 invalid\n", err:match("^.-\n"))
    assert.is_truthy(err:find("\n1 call, 3.0 serials a call, 0 throttled, 0 retries, %d+%.%d s\n$"), err)
    assert.equal(1, status)
  end)

  it("audits all that the service lists", function()
    local status, out, err = here:run("certstat audit --endpoint $ENDPOINT --format csv --quiet --batch 7")
    local rows = 0
    for line in out:gmatch("\n([^\r]+)\r") do
      local serial, key, word, at = line:match("^(%x+),(%x+),(%a+),([^,]*),,,$")
      assert.equal(serial, key)
      assert.equal(database[serial].status, word)
      assert.equal(database[serial].at, at)
      rows = rows + 1
    end
    assert.equal(24, rows)
    assert.equal("", err)
    assert.equal(1, status)
  end)

  it("lists certificates", function()
    local status, out, err = here:run("certstat list --endpoint $ENDPOINT --format tsv")
    local rows = 0
    for serial, word in out:gmatch("\n(%x+)\t(%u+)\t") do
      assert.equal(database[serial].status == "good" and "ISSUE" or "REVOKE", word)
      rows = rows + 1
    end
    assert.equal(24, rows)
    assert.equal("24 certificates: 20 ISSUE, 4 REVOKE\n", err:match("^.-\n"))
    assert.equal(0, status)
  end)

  it("plans what an audit does then", function()
    local status, out, err = here:run([[
openssl x509 -in $FOLDER/ca/sub/newcerts/]] .. good:upper() .. [[.pem -noout -serial > $FOLDER/few
echo x >> $FOLDER/few
set -- --endpoint $ENDPOINT --home $FOLDER/planned --from list --from $FOLDER/few --batch 7
certstat audit --dry-run --output $FOLDER/planned.csv "$@"
code=$?
ls $FOLDER $FOLDER/planned | grep -e planned.csv -e ledger
certstat plan "$@" > $FOLDER/plan
[ $? -eq $code ] && certstat audit --format csv "$@" > $FOLDER/planned.csv 2> $FOLDER/summary
sed -n 2p $FOLDER/summary >&2
sed '/^endpoint/,/^from/d' $FOLDER/plan
exit $code]])
    local rows = [[
list       list: 24 certificates, as one call says; reading it takes 1 call
serials    at most 25 distinct, 0 repeated, 1 invalid
invalid    %s/few:2: serial number: expected a hexadecimal digit, found 'x' at character 1
calls      6: 1 that read lists, and 5 of 7 serials at most
]]
    rows = rows:format(here.folder)
    assert.equal(rows, out:match("\n(list .-)time "))
    assert.equal(rows, out:match("freshness [^\n]*\n(list .-)time "))
    assert.equal(2, status)
    assert.is_truthy(err:find("^5 calls, 4 of them with 6.0 serials a call, "), err)
  end)

  it("reads certificates from a folder and a pipe", function()
    local status, out = here:run(
      "certstat audit --endpoint $ENDPOINT --from $FOLDER/ca/sub/newcerts --format tsv --quiet | grep -c good")
    assert.equal("20\n", out)
    assert.equal(0, status)
    status, out = here:run(("openssl x509 -in $FOLDER/ca/sub/newcerts/%s.pem -noout -serial"
      .. " | certstat status --endpoint $ENDPOINT -"):format(good:upper()))
    assert.is_truthy(out:find("\nserial=" .. good:upper() .. " +good "), out)
    assert.equal(0, status)
  end)

  it("leaves a report whose name it has only when it is whole", function()
    local status, out = here:run("certstat audit --endpoint $ENDPOINT --quiet --format json --output $FOLDER/r.json"
      .. "; ls $FOLDER | grep '^r'")
    assert.equal("r.json\n", out)
    assert.equal(0, status)
  end)

  it("ends tidily at SIGTERM: the report is closed, a line says so", function()
    local status, out, err = here:run([[
mkfifo $FOLDER/calls
"$CERTSTAT" audit --endpoint $ENDPOINT --format json --qps 1 --batch 1 --verbose --output $FOLDER/t.json \
  2> $FOLDER/calls &
{ read -r first; kill -TERM $!; cat > $FOLDER/rest; } < $FOLDER/calls
wait $!
code=$?
tail -n 1 $FOLDER/rest >&2
ls $FOLDER | grep '^t'
tail -c 3 $FOLDER/t.json.part
exit $code]])
    assert.equal("t.json.part\n", out:match("^.-\n"))
    assert.is_truthy(out:find("%]\n$"), out)
    assert.equal("certstat: interrupted\n", err)
    assert.equal(3, status)
  end)

  it("writes a report alone, and over what a killed audit has left", function()
    local status, out, err = here:run([[
mkfifo $FOLDER/held
"$CERTSTAT" audit --endpoint $ENDPOINT --format csv --qps 1 --batch 1 --verbose --output $FOLDER/h.csv 2> $FOLDER/held &
exec 3< $FOLDER/held
read -r first <&3
certstat audit --endpoint $ENDPOINT --quiet --format csv --output $FOLDER/h.csv
echo $?
kill -KILL $!
wait $! 2> $FOLDER/killed
certstat audit --endpoint $ENDPOINT --quiet --format csv --output $FOLDER/h.csv
code=$?
ls $FOLDER | grep '^h\.'
exit $code]])
    assert.equal("4\nh.csv\n", out)
    assert.is_truthy(err:find("^certstat: " .. here.folder:gsub("%p", "%%%0")
      .. "/h%.csv%.part: is being written by process %d+ %([^()]+, has locked it%)\n$"), err)
    assert.equal(1, status)
  end)

  it("closes its standard output well-formed at SIGINT and SIGTERM, at any moment", function()
    for i, signal in ipairs { "INT", "TERM", "INT", "TERM", "INT", "TERM" } do
      -- many rows that need no call, so that the signal comes while rows are written
      local status, out, err = here:run(([[
mkfifo $FOLDER/pipe%d
yes x | "$CERTSTAT" audit --endpoint $ENDPOINT --from - --format json > $FOLDER/pipe%d &
{ head -c %d; kill -%s $!; cat; } < $FOLDER/pipe%d > $FOLDER/rows
wait $!
code=$?
python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[-1]["status"])' $FOLDER/rows
exit $code]]):format(i, i, 50000 * i + 17 * i, signal, i))
      assert.equal("invalid\n", out)
      assert.is_truthy(err:find("certstat: interrupted\n$"), err)
      assert.equal(3, status)
    end
  end)

  it("has a row for each serial of status at SIGINT and SIGTERM, and ends its record", function()
    for _, signal in ipairs { "INT", "TERM" } do
      local status, out, err = here:run(([[
seq 1001 1100 > $FOLDER/serials
mkfifo $FOLDER/SIGNAL
"$CERTSTAT" status --endpoint $ENDPOINT --file $FOLDER/serials --qps 2 --batch 7 --verbose --format tsv \
  --home $FOLDER/SIGNAL.home --record > $FOLDER/rows 2> $FOLDER/SIGNAL &
{ read -r first; read -r second; kill -SIGNAL $!; cat; } < $FOLDER/SIGNAL > $FOLDER/rest
wait $!
code=$?
grep interrupted $FOLDER/rest >&2
cut -f 1 $FOLDER/rows | sed 1d | cmp - $FOLDER/serials
cut -f 3,5,6 $FOLDER/rows | sed 1d | sort | uniq -c
sqlite3 $FOLDER/SIGNAL.home/ledger.db "SELECT outcome, ended IS NULL FROM runs"
exit $code]]):gsub("SIGNAL", signal):sub(1))
      assert.is_truthy(out:find("^ +%d+ error\tclosed\tClosed\n +%d+ unknown\t\t\ncut short|0\n$"), out)
      assert.equal("certstat: interrupted\n", err)
      assert.equal(3, status)
    end
  end)

  it("is interrupted also while it waits for more on the standard input", function()
    local status, out, err = here:run([[
mkfifo $FOLDER/more
exec 3<> $FOLDER/more
{ echo x; echo y; } >&3
"$CERTSTAT" audit --endpoint $ENDPOINT --from - --format tsv --columns serial < $FOLDER/more > $FOLDER/rows &
caught() { echo $((0x$(sed -n 's/^SigCgt:[^0-9a-f]*//p' /proc/$1/status) & 0x4003)); } # SIGHUP, SIGINT, SIGTERM
until [ "$(caught $!)" -eq $((0x4003)) ] && grep -q pipe /proc/$!/wchan; do :; done
kill -TERM $!
wait $!
code=$?
cat $FOLDER/rows
exit $code]])
    assert.equal("certstat: interrupted\n", err)
    assert.equal("", out)
    assert.equal(3, status)
  end)

  it("tells its state at SIGUSR1, while it waits for the quota too, and goes on", function()
    local status, _, err = here:run([[
mkfifo $FOLDER/asked
"$CERTSTAT" audit --endpoint $ENDPOINT --qps 1 --guard 0 --batch 7 --verbose > /dev/null 2> $FOLDER/asked &
{ read -r first; kill -USR1 $!; while read -r line; do case $line in
  *' a second'*) echo "$line" >&2;; esac; done; } < $FOLDER/asked
wait $!]])
    assert.is_truthy(err:find("^certstat: %d+[%d of()%%]*, %d+ a second"), err)
    assert.equal(1, status)
  end)

  it("examines what it needs, and shows no secret", function()
    local status, out, err = here:run("certstat doctor --endpoint $ENDPOINT --home $FOLDER/doctor")
    assert.equal("", err)
    assert.is_truthy(out:find("\nsignature   ok       accepted\n", 1, true), out)
    assert.is_truthy(out:find("\ncalls       ok       2 calls of the account's quota spent\n$"), out)
    assert.equal(0, status)
    status, out, err = here:run("certstat doctor --endpoint $ENDPOINT --home $FOLDER/doctor --format json",
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET = canaries.SECRET })
    assert.equal("", err)
    assert.equal(5, status)
    assert.is_truthy(out:find('"signature","status":"failed","message":"SignatureDoesNotMatch: the secret is not',
      1, true), out)
    assert.is_nil(out:find(canaries.SECRET:sub(1, 8), 1, true))
  end)

  it("says that its output can't be written", function()
    local status, _, err = here:run("certstat list --endpoint $ENDPOINT --quiet > /dev/full")
    assert.equal("certstat: cannot write to the standard output: No space left on device\n", err)
    assert.equal(3, status)
    status, _, err = here:run("certstat plan --serials 5 > /dev/full")
    assert.equal("certstat: cannot write to the standard output: No space left on device\n", err)
    assert.equal(3, status)
  end)

  local failures = {
    { 4, "certstat status --endpoint nowhere 1" },
    { 4, "certstat list --endpoint http://service.example" },
    { 4, "certstat status --no-such-option" },
    { 4, "certstat" },
    { 4, "certstat status - < /dev/null" },
    { 4, "certstat audit --from /nonexistent" },
    { 3, "certstat status --endpoint http://127.0.0.1:1 --timeout 0.5 1" },
    { 5, "certstat status --endpoint $ENDPOINT 1" },
    { 5, "certstat status --endpoint $ENDPOINT 1 --format tsv > /dev/null" },
    { 5, "certstat list --endpoint $ENDPOINT --quiet" },
    { 5, "certstat audit --endpoint $ENDPOINT --quiet" },
    { 5, "certstat list --endpoint $ENDPOINT --quiet", { ALIBABA_CLOUD_ACCESS_KEY_SECRET = "" } },
  }
  for _, case in ipairs(failures) do
    it(("exits with %d, says why in one line, and no secret: %s"):format(case[1], case[2]), function()
      local status, out, err = here:run(case[2], case[3] or { ALIBABA_CLOUD_ACCESS_KEY_SECRET = canaries.SECRET })
      assert.equal(case[1], status)
      assert.equal("", out)
      assert.is_truthy(err:find("^certstat: [^\n]+\n$"), err)
      assert.is_nil(err:find("traceback", 1, true))
    end)
  end
end)
