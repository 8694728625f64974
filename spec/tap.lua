-- tap.lua - busted's results as TAP, with the time of each test and the trace of each failure. A pending test is a
-- failure: nothing may be skipped.
return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local count = 0

  local function show(result, name, detail)
    count = count + 1
    io.write(result, " ", count, " - ", (name:gsub("%s+", " ")), "\n")
    if detail then
      io.write("# ", (detail:gsub("\n", "\n# ")), "\n")
    end
    io.flush()
  end

  local function explain(failure)
    local message = failure.message
    if type(message) ~= "string" then
      message = require "pl.pretty".write(message)
    end
    return message .. "\n" .. (failure.trace and failure.trace.traceback or "")
  end

  local function test_end(element, _, status)
    local name = handler.getFullName(element)
    if status == "success" then
      show("ok", ("%s # %.0f ms"):format(name, element.duration * 1000))
    elseif status == "pending" then
      show("not ok", name, "pending")
    else
      local list = status == "failure" and handler.failures or handler.errors
      show("not ok", name, explain(list[#list]))
    end
    return nil, true
  end

  -- what fails outside a test: a file that does not load, a setup, a teardown
  local function outside(element)
    if element.descriptor ~= "it" then
      show("not ok", handler.getFullName(element), explain(handler.errors[#handler.errors]))
    end
    return nil, true
  end

  local function suite_end()
    io.write("1..", count, "\n")
    return nil, true
  end

  busted.subscribe({ "test", "end" }, test_end)
  busted.subscribe({ "error" }, outside)
  busted.subscribe({ "failure" }, outside)
  busted.subscribe({ "suite", "end" }, suite_end)
  return handler
end
