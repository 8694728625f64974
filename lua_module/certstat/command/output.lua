--- output.lua - where a report goes: the standard output, a file that appears only when it is whole, or what is no file
-- (a device, a pipe), which is written into and never replaced.
local ipc = require "certstat.ipc"
local report = require "certstat.report"

local output = {}
output.__index = output

-- Colours are for a terminal that can show them, and for people who have not said no (no-color.org).
local function wants_color(arguments, environment)
  local refused = environment.getenv("NO_COLOR") or ""
  return not arguments.output and not arguments.no_color and refused == ""
    and environment.getenv("TERM") ~= "dumb" and environment.isatty(1)
end

-- Opens what is written to instead of `path`: true; or nil and a message.
local function open_file(self, path)
  if (ipc.facts(path) or {}).kind ~= "other" then
    self.path, self.part = path, path .. ".part"
  end
  self.name = self.part or path
  local message
  if self.part then
    self.claim, message = ipc.claim(self.part)
    if not self.claim then
      return nil, message
    end
  end
  self.own, message = io.open(self.name, "wb")
  self.file = self.own
  return self.own ~= nil, message
end

--- Opens the report that arguments.format, arguments.columns and arguments.output ask for; usual: the columns where
-- none are chosen. With arguments.output = PATH it is written to PATH.part, which takes its name at
-- the end, and is this process's alone until then; where PATH is there and no file, into PATH. Returns an output, or
-- nil and a message.
function output.open(arguments, environment, usual)
  local self = setmetatable({ file = environment.stdout, name = "the standard output" }, output)
  if arguments.output then
    local opened, message = open_file(self, arguments.output)
    if not opened then
      return nil, message
    end
  end
  self.report = report.open(arguments.format or "table", function(text)
    self:write(text)
  end, { columns = arguments.columns or usual, color = wants_color(arguments, environment) })
  return self
end

--- Writes text. The first failure stays in self.failure, and nothing is written after it.
function output:write(text)
  if not self.failure then
    local fine, message = self.file:write(text)
    if not fine then
      self.failure = "cannot write to " .. self.name .. ": " .. tostring(message)
    end
  end
end

--- Writes a row; false once writing has failed.
function output:row(row)
  self.report.row(row)
  return self.failure == nil
end

-- Others may write PATH.part now.
local function let_go(self)
  if self.claim then
    self.claim:close()
  end
end

-- The file is ended, and takes its name where it is whole: true; or nil and a message.
local function conclude(self, whole)
  local fine, message
  if self.own then
    fine, message = self.own:close()
  else
    fine, message = self.file:flush()
  end
  if not fine and not self.failure then
    self.failure = "cannot write to " .. self.name .. ": " .. tostring(message)
  end
  if self.failure then
    return nil, self.failure
  elseif self.part and whole then
    fine, message = ipc.replace(self.part, self.path)
    if not fine then
      return nil, "cannot write to " .. message
    end
  end
  return true
end

--- Ends the report. facts: as for a report's finish; facts.whole = false leaves a file under its name PATH.part, so
-- that nobody takes half a report for all. Returns true, or nil and a message.
function output:close(facts)
  self.report.finish(facts)
  local concluded, message = conclude(self, facts.whole)
  let_go(self)
  return concluded, message
end

--- Ends a report that nobody wants any more, without a trace of its file.
function output:discard()
  self.own:close()
  if self.part then
    os.remove(self.part)
  end
  let_go(self)
end

return output
