--- interrupt.lua - what is left to do when the user stops the program: finish what was begun.
--
-- The lua program answers SIGINT (and SIGTERM and SIGHUP, see ipc.interrupt_signals) by raising
-- "interrupted!" in what runs.
local interrupt = {}

--- Whether an error that pcall caught is an interruption.
function interrupt.is(problem)
  return type(problem) == "string" and problem:find("interrupted!", 1, true) ~= nil
end

--- Runs body(gap) with the signals held back, so that no row, no line and no transaction is torn; they come where it
-- calls gap(). They stay held back afterwards, as what is left to do is short. hold: environment.hold_signals.
-- Returns true; or nil and a message where it was interrupted. Other errors are raised again.
function interrupt.guard(hold, body)
  hold(true)
  local fine, problem = pcall(body, function()
    hold(false)
    hold(true)
  end)
  hold(true)
  if fine then
    return true
  elseif interrupt.is(problem) then
    return nil, "interrupted"
  end
  error(problem, 0)
end

--- `file` with a read(n) in which the signals come, as it may wait for long. hold: environment.hold_signals.
function interrupt.reading(hold, file)
  return { read = function(_, n)
    hold(false)
    local piece, message = file:read(n)
    hold(true)
    return piece, message
  end }
end

return interrupt
