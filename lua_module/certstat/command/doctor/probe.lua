--- What the documentation leaves open, asked of the service itself: how many serials it takes in one call, in which
-- forms, how it writes times, what it says of a serial that it never issued.
local batch_of = require "certstat.command.doctor.probe.batch"
local budget_of = require "certstat.command.doctor.probe.budget"
local core = require "certstat.core"
local forms = require "certstat.command.doctor.probe.forms"
local revoke_time = require "certstat.command.doctor.probe.revoke_time"
local row = require "certstat.command.doctor.row"
local sample_of = require "certstat.command.doctor.probe.sample"

local M = {}

M.MOST = 20 -- calls, with the doctor's own

local LARGEST = 1000 -- serials, as --batch permits
local PAGES = 4
local RESERVE = 7 -- calls that forms and times may need

local CHECKS = { "strangers", "batch", "serials", "times" }

-- Whether calls may have strangers in them: a row, and that.
local function ask_stranger(budget, known)
  local stranger = sample_of.stranger()
  local answers, refused = budget:status { known.wire, stranger }
  if answers then
    local answer = answers[stranger]
    local what = answer and core.printable(tostring(answer.status), 40) or "left out: certstat says absent"
    return row("strangers", "ok", "a serial that was never issued is " .. what), true
  elseif refused and budget:status { known.wire } then
    return row("strangers", "warning",
      "a serial that was never issued has its whole call refused: certstat asks again without it"), false
  end
  return row("strangers", "skipped", budget.stopped or "one serial alone is refused, too"), false
end

-- Why no more was tried than there are entries.
local function limit_of(entries, most, may_have_strangers)
  if #entries >= most then return "as --batch says" end
  if may_have_strangers then return "more do not fit into a URL" end
  return "the service lists no more, or they do not fit into a URL"
end

-- certstat counts calls in any second, which both kinds of window permit.
local function window_row()
  return row("window", "skipped", "neither the rate nor whether its window slides can be learned without more calls in "
    .. "a second than the quota has, which would throttle all who share it; certstat's pace is right for both kinds")
end

--- run(calls, most, now_s, tell): tells of a row for each thing, and at the end what to set. most: serials in a call at
-- the most, nil for as many as certstat can; now_s: seconds since 1970.
function M.run(calls, most, now_s, tell)
  local budget = budget_of.new(calls, M.MOST)
  local sample = sample_of.new(budget)
  local more = sample:read_page()
  if #sample.known == 0 then
    local why = budget.stopped or "the service lists no certificate to ask about"
    for _, check in ipairs(CHECKS) do tell(row(check, "skipped", why)) end
    tell(window_row())
    return
  end
  local strangers, may_have_strangers = ask_stranger(budget, sample.known[1])
  tell(strangers)
  while more and not may_have_strangers and sample.page < PAGES do more = sample:read_page() end
  local entries = sample:fill(most or LARGEST, may_have_strangers)
  local batch = batch_of.new(budget, entries)
  batch:go_on(RESERVE)
  local serials = forms.row(budget, sample.known, batch.answers)
  local time = revoke_time.row(budget, batch.answers, now_s)
  batch:go_on(0)
  local size, set = batch:row(limit_of(entries, most or LARGEST, may_have_strangers))
  tell(size)
  tell(serials)
  tell(time)
  tell(window_row())
  if set then
    tell(row("set", "ok", ("--batch %d"):format(set)))
  else
    tell(row("set", "skipped", "nothing was learned that can be set"))
  end
end

return M
