--- The host that this runs in: plain Lua, an nginx worker, or HAProxy. Only the files in this folder name one.
--
-- A host is a table:
--   name
--   forks               true where this may be loaded by another process, user and root folder than those that serve:
--                       what they shall use is not opened before they use it
--   now_ns()            nanoseconds that never step
--   may_wait()          true; or nil, message where a caller can't wait (an nginx phase without yield)
--   begin(loop)         a caller is about to wait: turns the loop, but for a server where that is left to another
--   wait(loop, until_done)
--                       returns when it is worth asking until_done(), a function of this wait alone, whether what a
--                       caller waits for is there, after a second at the latest; somebody has turned the loop
--                       meanwhile, and in a server others have gone on
--   pause(net, ns)      lets at most ns nanoseconds pass, less if something may have happened; in a server it lets the
--                       others go on for a millisecond
--   spawn(f)            runs f where it may wait: in a server soon, in the background
local M = {}

-- A global, also where globals are inherited (nginx on some LuaJITs) or reading an unknown one raises (strict.lua).
local function global(name)
  local ok, value = pcall(function() return _G[name] end)
  return ok and type(value) == "table" and value or {}
end

--- The host that this Lua state runs in.
function M.detect()
  if global("ngx").get_phase then
    pcall(require, "ngx.semaphore") -- its file is read now, at load, and not by a worker's first call
    return require "certstat.host.nginx"
  end
  local core = global("core")
  if core.msleep and core.register_task then return require "certstat.host.haproxy" end
  return require "certstat.host.plain"
end

return M
