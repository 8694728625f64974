--- canaries.lua - the secrets that specs use, and the search for them in whatever comes of a test: raw, in base64 (at
-- each of its three alignments), URL-encoded, and their first eight characters. Run as a program, with files and
-- folders, it prints the names of those that have one.
local canaries = {}

local EIGHT = 8

--- A secret that each encoding changes, and what the emulator's temporary keys and tokens begin with.
canaries.SECRET = "Canary/Secret+0123456789="

local ALL = {
  canaries.SECRET, "throw-away", "canary-secret-of-the-access-key", "Canary-of-the-proxy", "Emul8Key", "Emul8Token",
}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Of whole groups of three bytes alone: what stands around them is unknown.
local function base64(text)
  return (text:gsub("(.)(.)(.)", function(a, b, c)
    local bits, out = a:byte() * 65536 + b:byte() * 256 + c:byte(), ""
    for _ = 1, 4 do
      local digit = bits % 64
      out, bits = ALPHABET:sub(digit + 1, digit + 1) .. out, (bits - digit) / 64
    end
    return out
  end))
end

local function url_encoded(text)
  return (text:gsub("[^%w%-_.~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- What is searched for: an array of texts.
function canaries.forms()
  local forms = {}
  for _, secret in ipairs(ALL) do
    forms[#forms + 1] = secret:sub(1, EIGHT)
    forms[#forms + 1] = url_encoded(secret):sub(1, EIGHT + 4)
    for from = 1, 3 do
      local whole = secret:sub(from)
      forms[#forms + 1] = base64(whole:sub(1, math.min(#whole - #whole % 3, 2 * EIGHT - 1)))
    end
  end
  return forms
end

local FORMS = canaries.forms()
local EXAMPLE = "demo:throw%-away" -- of `certstat emulator --help`

--- Raises where a text, of which `what` is said, has one.
function canaries.check(text, what)
  text = text:gsub(EXAMPLE, "")
  for _, form in ipairs(FORMS) do
    if text:find(form, 1, true) then error(("%s has a secret (%s) in it"):format(what, form), 2) end
  end
end

--- search(paths) → the files that have one, in these or below them: an array of paths.
function canaries.search(paths)
  local list, quoted = os.tmpname(), {}
  local file = assert(io.open(list, "w"))
  file:write(table.concat(FORMS, "\n"), "\n")
  file:close()
  for i, path in ipairs(paths) do quoted[i] = "'" .. path .. "'" end
  local pipe = io.popen(("unset LD_PRELOAD; exec grep -srlaF -f %s -- %s"):format(list, table.concat(quoted, " ")))
  local found = {}
  for path in pipe:lines() do found[#found + 1] = path end
  pipe:close()
  os.remove(list)
  return found
end

--- From now on a spec's folder is searched before it goes; a file that has a secret is an error, unless the spec itself
-- has written it and it is as it was.
function canaries.watch()
  local files, ipc = require "spec.emulator.files", require "certstat.ipc"
  local write, remove, written = files.write, ipc.remove_folder, {}
  function files.write(path, text)
    written[path] = text
    return write(path, text)
  end
  function ipc.remove_folder(path)
    local found = {}
    -- the emulator keeps its keys in the folder that it makes for nginx
    for _, one in ipairs(path:find("/certstat%-emulator%-%w+$") and {} or canaries.search { path }) do
      if files.read(one) ~= written[one] then found[#found + 1] = one end
    end
    local ok, message, info = remove(path)
    if found[1] then error("there is a secret in " .. table.concat(found, ", "), 2) end
    return ok, message, info
  end
end

if arg and arg[0] and arg[0]:find("spec/support/canaries.lua$") then
  for _, path in ipairs(canaries.search(arg)) do print(path) end
end

return canaries
