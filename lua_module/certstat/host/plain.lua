--- Plain Lua: nobody else runs in this process, so waiting means waiting in the kernel.
local ipc = require "certstat.ipc"

local M = { name = "plain", now_ns = ipc.now_ns }

function M.may_wait() return true end

function M.pause(net, ns) return net:step(ns) end

--- Whoever is about to wait turns the loop first.
function M.begin(loop) return loop:turn() end

--- Waits for the transport, and turns the loop.
function M.wait(loop)
  M.pause(loop.net, loop:idle_ns())
  return loop:turn()
end

--- Runs f, now.
function M.spawn(f) f() end

return M
