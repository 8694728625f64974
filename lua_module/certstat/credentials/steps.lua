--- Steps: what a provider has to have done before it has credentials. A provider itself does nothing and waits for
-- nothing; it says what it needs, and is told what came of it. So it runs alike on every host, and in a spec.
--
-- What a provider returns, an outcome, is one of
--   fields                a table: what certstat.credentials.new takes, and facts (below)
--   nil, why, present     none; present: it is configured, and could not be used
--   a step                {request = | command =, continue =, facts =}
-- A step asks for an HTTP request (what certstat.net starts, without an id) or for a command ({argv =, env =, limit_ns
-- =}), and continue(reply, problem) gives the next outcome: reply = {status =, headers =, body =}, of a command {body =
-- what it wrote}; or nil and why there is none. facts: what is known before: {region =, endpoint =, account =}.
local M = {}

--- Whether an outcome is a step.
function M.is(outcome) return type(outcome) == "table" and outcome.continue ~= nil end

--- after(finish, facts, outcome …) → the outcome finish(found, why, present) of what comes at the end of `outcome`, now
-- or after its steps, which get these facts (nil: they keep their own).
function M.after(finish, facts, found, why, present)
  if not M.is(found) then return finish(found, why, present) end
  return {
    request = found.request, command = found.command, facts = facts or found.facts,
    continue = function(reply, problem) return M.after(finish, facts, found.continue(reply, problem)) end,
  }
end

return M
