--- A program that prints credentials: the aliyun command's mode External.
local core = require "certstat.core"
local reply_of = require "certstat.credentials.reply"

local M = {}

local LIMIT_NS = 60e9 -- as the official libraries

-- What a program needs to run and to reach a network. Nothing that may be a secret of ours is handed down.
local HANDED_DOWN = {
  "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy",
}
local DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"

local function environment(source)
  local variables = {}
  for _, name in ipairs(HANDED_DOWN) do
    local value = source.getenv(name)
    if value then variables[#variables + 1] = name .. "=" .. value end
  end
  return variables
end

-- Where a program is, as execvp(3) would find it.
local function find_program(source, name)
  if name:find("/", 1, true) then return name end
  for folder in (source.getenv("PATH") or DEFAULT_PATH):gmatch("[^:]+") do
    local path = folder .. "/" .. name
    if folder:find("^/") and source.is_file(path) then return path end
  end
  return nil
end

-- Its output has the form of a profile.
local function read(source, reply, problem)
  if not reply then return nil, "its process_command " .. problem, true end
  local object, why = reply_of.object(reply.body)
  if not object then return nil, "what its process_command wrote " .. why, true end
  local mode = (reply_of.text(object.mode) or ""):lower()
  local found = {
    access_key_id = reply_of.text(object.access_key_id), access_key_secret = reply_of.text(object.access_key_secret),
    security_token = mode == "ststoken" and reply_of.text(object.sts_token) or nil,
  }
  if mode ~= "ak" and mode ~= "ststoken" then
    why = "has neither mode AK nor StsToken"
  elseif not found.access_key_id or not found.access_key_secret then
    why = "has no access_key_id or no access_key_secret"
  elseif mode == "ststoken" and not found.security_token then
    why = "has no sts_token"
  elseif reply_of.text(object.expiration) then
    found.expires_in, why = reply_of.lifetime(object.expiration, reply, source.wall_s())
  end
  if why then return nil, "what its process_command wrote " .. why, true end
  return found
end

-- The words of a line as POSIX shells and the aliyun command take them apart, quotes and backslashes; nothing else of a
-- shell. nil where a quote is not closed.
local function split(line)
  local words, word, at = {}, nil, 1
  while at <= #line do
    local byte = line:sub(at, at)
    if byte:find("%s") then
      words[#words + 1], word, at = word, nil, at + 1
    elseif byte == "'" or byte == '"' then
      local from, closing = at + 1, at + 1
      while closing <= #line and line:sub(closing, closing) ~= byte do
        closing = closing + (byte == '"' and line:sub(closing, closing) == "\\" and 2 or 1)
      end
      if closing > #line then return nil end
      local inner = line:sub(from, closing - 1)
      word, at = (word or "") .. (byte == '"' and inner:gsub('\\(["\\$`\n])', "%1") or inner), closing + 1
    else
      local escaped = byte == "\\" and line:sub(at + 1, at + 1)
      word, at = (word or "") .. (escaped or byte), at + (escaped and 2 or 1)
    end
  end
  words[#words + 1] = word
  return words
end

--- run(source, command_line) → an outcome. The words of the line are the program and its arguments, which no shell
-- reads.
function M.run(source, command_line)
  local argv = split(command_line)
  if not argv then return nil, "its process_command has a quote that is not closed", true end
  local program = argv[1] and find_program(source, argv[1])
  if not program then
    return nil, "its process_command is not found: " .. core.printable(argv[1] or "it is empty", 100), true
  end
  argv[1] = program
  return {
    command = { argv = argv, env = environment(source), limit_ns = LIMIT_NS },
    continue = function(reply, problem) return read(source, reply, problem) end,
  }
end

return M
