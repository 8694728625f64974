--- server.lua - the event loop of a server in virtual time: coroutines that sleep, and wait for each other.
local Server = {}
Server.__index = Server

local server = {}

local MOST_TURNS = 1e6

--- new(clock) → server. clock.now: nanoseconds, which run moves on.
function server.new(clock) return setmetatable({ clock = clock, tasks = {}, turns = 0 }, Server) end

--- Runs f in a coroutine of its own, soon; returns its task.
function Server:spawn(f)
  local task = { at = self.clock.now, coroutine = coroutine.create(f) }
  table.insert(self.tasks, task)
  return task
end

--- Ends a task wherever it waits.
function Server:kill(task)
  for i, one in ipairs(self.tasks) do
    if one == task then table.remove(self.tasks, i) end
  end
end

--- For a coroutine: sleeps; what it waits for may end that.
function Server:sleep(seconds)
  self.current.at = self.clock.now + seconds * 1e9
  coroutine.yield()
end

--- A semaphore as ngx.semaphore's.
function Server:semaphore()
  local semaphore, count = {}, 0
  function semaphore.count() return count end
  function semaphore.post(_, n)
    count = count + n
    if semaphore.waiter then semaphore.waiter.at = self.clock.now end
  end
  function semaphore.wait(_, seconds)
    if count == 0 then
      semaphore.waiter = self.current
      self:sleep(seconds)
      semaphore.waiter = nil
    end
    if count == 0 then return nil, "timeout" end
    count = count - 1
    return true
  end
  return semaphore
end

local function next_task(tasks)
  local first
  for i, task in ipairs(tasks) do
    if not first or task.at < tasks[first].at then first = i end
  end
  return first
end

--- Lets the tasks run, in the order of their times, until is_over() or until none is left. What one raises is raised.
function Server:run(is_over)
  while self.tasks[1] and not (is_over and is_over()) do
    self.turns = self.turns + 1
    if self.turns > MOST_TURNS then error("server: it never ends", 2) end
    -- to the end of the list, so that those of one time take turns
    local task = table.remove(self.tasks, next_task(self.tasks))
    table.insert(self.tasks, task)
    self.clock.now, self.current = math.max(self.clock.now, task.at), task
    local ok, problem = coroutine.resume(task.coroutine)
    if coroutine.status(task.coroutine) == "dead" then self:kill(task) end
    if not ok then error(problem, 0) end
  end
end

return server
