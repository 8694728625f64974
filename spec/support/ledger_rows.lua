--- ledger_rows.lua - many rows for a ledger, as an audit writes them, and whether each has come to be in it.
local digest = require "spec.support.digest"

local M = {}

local ACCOUNT, STARTED, CHECKED, ENDED = "default", 1000, 2000, 3000

--- The key of row i: 16 bytes, another for each i, and spread as serial numbers are: an odd factor mixes 16 bits.
function M.key(i)
  return ("b67e53ebcea9%04x77d65b%04x%06x"):format(i * 40503 % 65536, i % 65536, math.floor(i / 65536))
end

--- One row in a hundred is of a revoked certificate.
function M.is_revoked(i) return i % 100 == 0 end

local is_revoked = M.is_revoked

--- write(ledger, rows) → the number of a run of so many rows, at 50 a transaction.
function M.write(ledger, rows)
  local run = assert(ledger:begin_run { account = ACCOUNT, command = "audit", settings = "x", started = STARTED })
  for first = 1, rows, 50 do
    local asked, answers = {}, {}
    for i = first, math.min(first + 49, rows) do
      local key = M.key(i)
      asked[#asked + 1] = { position = i, key = key, given = key:upper(), source = "line " .. i }
      answers[#answers + 1] = {
        key = key, status = is_revoked(i) and "revoked" or "good", revoked_at = is_revoked(i) and i or nil,
      }
    end
    assert(ledger:record { account = ACCOUNT, run = run, checked_at = CHECKED, asked = asked, answers = answers })
  end
  assert(ledger:end_run(run, ENDED, true))
  return run
end

--- read(ledger, rows): raises an error where one of them is not the latest answer for its key.
function M.read(ledger, rows)
  for i = 1, rows do
    local latest = assert(ledger:latest(ACCOUNT, M.key(i)))
    assert(latest.checked_at == CHECKED)
    if is_revoked(i) then
      assert(latest.status == "revoked" and latest.revoked_at == i and latest.first_revoked_at == i)
    else
      assert(latest.status == "good" and not latest.revoked_at and not latest.first_revoked_at)
    end
  end
end

-- All tables of a run, a line for each row that was asked.
local QUERY = [[
SELECT position, asked.key, given, source, answers.status, answers.revoked_at, answers.checked_at,
  latest.status, latest.revoked_at, first_revoked_at, latest.checked_at, changes.time, old, new
FROM asked LEFT JOIN answers USING (run, key) LEFT JOIN latest ON latest.account = 'default' AND latest.key = asked.key
  LEFT JOIN changes ON changes.account = 'default' AND changes.key = asked.key
WHERE asked.run = 1 ORDER BY position;
SELECT (SELECT count(*) FROM asked), (SELECT count(*) FROM answers), (SELECT count(*) FROM latest),
  (SELECT count(*) FROM changes)]]

-- What that has to give.
local function write_expected(file, rows)
  for i = 1, rows do
    local key = M.key(i)
    local said = ("good||%d|good|||%d|||"):format(CHECKED, CHECKED)
    if is_revoked(i) then
      said = ("revoked|%d|%d|revoked|%d|%d|%d|%d||revoked"):format(i, CHECKED, i, i, CHECKED, CHECKED)
    end
    file:write(("%d|%s|%s|line %d|%s\n"):format(i, key, key:upper(), i, said))
  end
  file:write(("%d|%d|%d|%d\n"):format(rows, rows, rows, math.floor(rows / 100)))
end

--- digests(home, rows) → the SHA-256 of all rows of the only run in a home's ledger, as sqlite3 reads them, and what it
-- has to be.
function M.digests(home, rows)
  return digest.printed(('sqlite3 -batch %s/ledger.db "%s"'):format(home, QUERY)),
    digest.written(function(file) write_expected(file, rows) end)
end

return M
