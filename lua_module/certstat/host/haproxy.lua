--- HAProxy: a waiter sleeps a millisecond and looks again; its Lua has nothing that could wake it.
local ipc = require "certstat.ipc"

local M = { name = "haproxy", now_ns = ipc.now_ns }

function M.may_wait() return true end

function M.pause() core.msleep(1) end

return M
