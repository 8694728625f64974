--- The first place in which two texts differ that were signed, and what that says.
local canonical = require "certstat.mismatch.canonical"
local shortened = require "certstat.shortened"

local M = {}

local ENCODING = "one of the two encodes otherwise: letters, digits and - _ . ~ stay, every other byte is %XX in "
  .. "capitals (a blank is %20, a comma %2C, * is %2A)"

local WHY = {
  host = "another Host has arrived: the request went elsewhere (--endpoint, --region), or something on the way "
    .. "changes it",
  ["x-acs-security-token"] = "the request had another security token than these credentials have",
  ["x-acs-content-sha256"] = "the body is not the one that was hashed",
  AccessKeyId = "the request was signed with another access key than these credentials have",
}
WHY["x-acs-accesskey-id"], WHY.SecurityToken = WHY.AccessKeyId, WHY["x-acs-security-token"]

-- What is shown of a name's value.
local function shown(name, value)
  local lower = name:lower()
  if lower == "x-acs-security-token" or lower == "securitytoken" then
    return ("(security token of %d characters)"):format(#value)
  elseif lower == "x-acs-accesskey-id" or lower == "accesskeyid" then
    return shortened(value)
  end
  return value
end

-- `name=value` or `name:value`, nil for nothing, as it is shown.
local function display(text)
  if not text then return "(nothing)" end
  local name, mark, value = text:match("^([^:=]*)([:=])(.*)$")
  return name and name .. mark .. shown(name, value) or text
end

local function differs(where, server, ours, why)
  return { where = where, server = display(server), ours = display(ours), reason = why }
end

local function name_of(text, mark) return text and text:match("^[^" .. mark .. "]*") end

local function has(list, name, mark)
  for _, text in ipairs(list) do
    if name_of(text, mark) == name then return true end
  end
  return false
end

-- Why two lists differ at a place: `what` they are of; mark: what stands behind a name in them.
local function why(what, mark, server, ours, i)
  local there, here = name_of(server[i], mark), name_of(ours[i], mark)
  if there == here then return WHY[here] or ("the %s %s has another value"):format(what, here) end
  if there and not has(ours, there, mark) then
    return ("the server has the %s %s, and here there is none"):format(what, there)
  elseif here and not has(server, here, mark) then
    return ("the server has no %s %s: it did not arrive"):format(what, here)
  end
  return ("the server has another order: a %s stands where its name comes, byte by byte"):format(what)
end

-- explain(server's, ours): says more than `why`, or nothing
local function of_lists(what, mark, server, ours, explain)
  for i = 1, math.max(#server, #ours) do
    if server[i] ~= ours[i] then
      return differs(i, server[i], ours[i], explain(server[i], ours[i]) or why(what, mark, server, ours, i))
    end
  end
  return nil
end

-- An item of a query may be the same, written otherwise.
local function explain_item(server, ours)
  local a, b = canonical.parameters(server or ""), canonical.parameters(ours or "")
  local name, value = next(a or {})
  return name and value == (b or {})[name] and ENCODING or nil
end

local function of_query(where, server, ours)
  local found = of_lists("parameter", "=", canonical.items(server), canonical.items(ours), explain_item)
  if found then found.where = where end
  return found
end

local function of_fields(before, server, ours)
  local found = of_lists("header field", ":", server, ours, function() end)
  if found then found.where = before + found.where end
  return found
end

--- of_v3(server, ours) → nil, or the first difference of two canonical requests as canonical.read_v3 gives them:
-- {where = the line's number, server =, ours = what stands there, reason =}. What is secret is masked in it.
function M.of_v3(server, ours)
  if server.method ~= ours.method then
    return differs(1, server.method, ours.method, "the request came with another method")
  elseif server.path ~= ours.path then
    return differs(2, server.path, ours.path, "the request came with another path: certstat asks for /")
  end
  local found = of_query(3, server.query, ours.query) or of_fields(3, server.fields, ours.fields)
  if found then return found end
  local last = 3 + #server.fields + 1
  if server.signed ~= ours.signed then
    return differs(last + 1, server.signed, ours.signed,
      "SignedHeaders names the fields above, in lower case, in their order, with ; between")
  elseif server.hash ~= ours.hash then
    return differs(last + 2, server.hash, ours.hash,
      "the body has another SHA-256 than x-acs-content-sha256 says: it was changed, or hashed otherwise")
  end
  return nil
end

--- of_v1(server, ours): the same of two strings to sign as canonical.read_v1 gives them; where: nil.
function M.of_v1(server, ours)
  if server.method ~= ours.method then
    return differs(nil, server.method, ours.method, "the request came with another method")
  elseif server.path ~= ours.path then
    return differs(nil, server.path, ours.path, "the request came with another path: certstat asks for /")
  end
  return of_query(nil, server.query, ours.query)
end

return M
