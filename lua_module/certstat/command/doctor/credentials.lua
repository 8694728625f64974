--- Which credentials serve, and which do not and why.
local row = require "certstat.command.doctor.row"
local shortened = require "certstat.shortened"
local words = require "certstat.words"

local M = {}

local function list(tried)
  local texts = {}
  for i, one in ipairs(tried) do texts[i] = ("%s (%s)"):format(one[1], one[2]) end
  return table.concat(texts, ", ")
end

-- Those that serve: a warning where another that is configured can't be used.
local function served(found)
  local text, status = ("%s, from %s"):format(shortened(found.access_key_id), found.provider), "ok"
  if found.expires_in then text = ("%s, for %s"):format(text, words.duration(found.expires_in)) end
  for _, one in ipairs(found.tried) do
    if one.present then status = "warning" end
  end
  if found.tried[1] then text = ("%s; before it: %s"):format(text, list(found.tried)) end
  return row("credentials", status, text)
end

-- What else is to be said of them: for one, that others can read a file.
local function files_of(found)
  local said = {}
  for _, one in ipairs(found.tried) do said[("%s is passed over: %s"):format(one[1], one[2])] = true end
  local texts = {}
  for _, line in ipairs(found.warnings) do
    if not said[line] then texts[#texts + 1] = line end
  end
  if texts[1] then return row("files", "warning", table.concat(texts, "; ")) end
  return row("files", "ok", "no file with credentials that others could read")
end

--- rows(found, message, info) → two rows of what certstat.credentials.find returns.
function M.rows(found, message, info)
  if found then return served(found), files_of(found) end
  return row("credentials", "failed", message, info.class), row("files", "skipped", "no file was used")
end

return M
