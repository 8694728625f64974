--- live.lua - a real host for a spec: nginx or HAProxy as a process on a port of its own, and curl to ask it.
local files = require "spec.emulator.files"
local ipc = require "certstat.ipc"

local live = {}

local TERM, LONG_MS, TRIES = 15, 90000, 1000

--- The folder of modules that were built for another Lua beside those under test: live.modules "5.1".
function live.modules(lua)
  local out = assert(os.getenv("OUT"), "OUT names the build folder of the Lua under test")
  return (out:gsub("/[^/]*$", "/" .. lua))
end

--- The folder of certstat's own Lua files.
function live.sources()
  return (files.shell("pwd"):gsub("\n", "")) .. "/lua_module"
end

--- start(folder, command) → a host. command(port, fd) → {argv =, env =} of a server that takes its listening socket
-- from descriptor fd.
function live.start(folder, command)
  local listener, port = ipc.listen("127.0.0.1", 0)
  local fd = listener:fd()
  local spawn = command(port, fd)
  spawn.keep, spawn.parent_signal = { fd }, 15
  local process = assert(ipc.spawn(spawn))
  listener:close()
  return { process = process, url = ("http://127.0.0.1:%d"):format(port), folder = folder }
end

--- ask(host, path) → the body. The socket listens from the start, so curl needs no second try.
function live.ask(host, path)
  return files.shell(("curl -sS --noproxy '*' --max-time 30 '%s%s'"):format(host.url, path))
end

--- Asks until the answer is another than `pending`.
function live.ask_until(host, path, pending)
  for _ = 1, TRIES do
    local body = live.ask(host, path)
    if body ~= pending then return body end
  end
  error(("%s answered %s %d times"):format(path, pending, TRIES), 2)
end

--- ask_all(host, paths) → their bodies; all are asked at once.
function live.ask_all(host, paths)
  local folder, lines, bodies = files.folder(), {}, {}
  for i, path in ipairs(paths) do
    lines[i] = ('url = "%s%s"\noutput = "%s/%d.body"\n'):format(host.url, path, folder, i)
  end
  files.write(folder .. "/curl", table.concat(lines))
  files.shell("curl -sS --noproxy '*' --max-time 100 -Z --parallel-immediate --parallel-max 300 -K " .. folder
    .. "/curl")
  for i in ipairs(paths) do bodies[i] = files.read(("%s/%d.body"):format(folder, i)) end
  ipc.remove_folder(folder)
  return bodies
end

--- Asks path in the background; where it has a range, as [1-8] or {a,b}, all of it at once. See is_pending, answer and
-- leave.
function live.ask_later(host, path)
  return { body = "", said = "", process = assert(ipc.spawn {
    argv = { "/usr/bin/env", "curl", "-sS", "--no-progress-meter", "--noproxy", "*", "--max-time", "60", "-Z",
      "--parallel-immediate", "--parallel-max", "300", host.url .. path },
    env = { "PATH=" .. os.getenv("PATH") }, output = true, errors = true, parent_signal = TERM,
  }) }
end

--- Whether nothing has come yet of what ask_later has asked.
function live.is_pending(asked) return asked.process:wait(0) == "time" end

--- The bodies of what ask_later has asked, and what curl said.
function live.answer(asked)
  while true do
    local kind, value = asked.process:wait(LONG_MS)
    if kind == "output" then
      asked.body = asked.body .. value
    elseif kind == "errors" then
      asked.said = asked.said .. value
    else
      asked.process:close()
      return asked.body, asked.said
    end
  end
end

--- Whoever asked goes away without waiting for the answer.
function live.leave(asked) asked.process:close() end

--- Waits until f() is true.
function live.await(f)
  for _ = 1, TRIES do
    if f() then return end
    files.shell("sleep 0.01")
  end
  error("it never came to it", 2)
end

--- Ends the host and returns how: "exited", status or "killed", signal.
function live.stop(host)
  host.process:signal(TERM)
  local kind, value
  repeat kind, value = host.process:wait(20000) until kind ~= "output" and kind ~= "signal"
  host.process:close()
  return kind, value
end

return live
