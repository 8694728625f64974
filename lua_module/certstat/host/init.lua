--- The host that this runs in: plain Lua, an nginx worker, or HAProxy. Only the files in this folder name one.
--
-- A host is a table:
--   name
--   now_ns()            nanoseconds that never step
--   may_wait()          true; or nil, message where a caller can't wait (an nginx phase without yield)
--   pause(net, ns)      lets at most ns nanoseconds pass, less if something may have happened, without holding an event
--                       loop
local M = {}

--- The host that this Lua state runs in.
function M.detect()
  if type(rawget(_G, "ngx")) == "table" and ngx.get_phase then return require "certstat.host.nginx" end
  if type(rawget(_G, "core")) == "table" and core.msleep and core.register_task then
    return require "certstat.host.haproxy"
  end
  return require "certstat.host.plain"
end

return M
