--- memory.lua - what this process has needed.
local memory = {}

--- The most memory, in MiB, that it has had besides what it shares with files: VmHWM less RssFile and RssShmem
-- (proc_pid_status(5)).
function memory.peak_mib()
  local file = assert(io.open("/proc/self/status"))
  local text = file:read("*a")
  file:close()
  local function kib(name) return tonumber(text:match("\n" .. name .. ":%s*(%d+) kB")) end
  return (kib("VmHWM") - kib("RssFile") - kib("RssShmem")) / 1024
end

return memory
