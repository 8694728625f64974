--- digest.lua - the SHA-256 of long texts, by sha256sum(1): two that agree are the same.
local digest = {}

--- Of what a shell command prints.
function digest.printed(command)
  local pipe = assert(io.popen(command .. " | sha256sum"))
  local line = pipe:read("*l")
  pipe:close()
  return line:match("^%x+")
end

--- Of what body(file) writes.
function digest.written(body)
  local path = os.tmpname()
  local pipe = assert(io.popen("sha256sum > " .. path, "w"))
  body(pipe)
  pipe:close()
  local file = assert(io.open(path))
  local line = file:read("*l")
  file:close()
  os.remove(path)
  return line:match("^%x+")
end

return digest
