--- interrupt.lua - what is left to do when the user stops the program: finish what was begun.
--
-- The lua program answers SIGINT (and SIGTERM and SIGHUP, see ipc.interrupt_signals) by raising
-- "interrupted!" in what runs.
local interrupt = {}

--- Whether an error that pcall caught is an interruption.
function interrupt.is(problem)
  return type(problem) == "string" and problem:find("interrupted!", 1, true) ~= nil
end

--- Runs body(). Returns true; or nil and a message where it was interrupted. Other errors are raised again.
function interrupt.guard(body)
  local fine, problem = pcall(body)
  if fine then
    return true
  elseif interrupt.is(problem) then
    return nil, "interrupted"
  end
  error(problem, 0)
end

return interrupt
