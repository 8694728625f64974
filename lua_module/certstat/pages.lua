--- The items of a list operation, page by page.
local classify = require "certstat.classify"
local operations = require "certstat.operations"

local M = {}

local REMEMBERED_PAGES = 4 -- while certificates are issued items move to the next page, and come twice

-- The value at a path of fields, `Data.NextToken`; JSON null counts as absent.
local function at(reply, path)
  local value = reply
  for name in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    value = classify.present(value[name])
  end
  return value
end

local function unreadable(name, path, expected, found)
  return nil, ("%s: expected %s in %s, found a %s"):format(name, expected, path, type(found)),
    { class = "protocol", code = "InvalidReply" }
end

-- The items of a reply; or nil, message, info.
local function items_of(name, reply)
  local path = operations[name].list
  local list = at(reply, path)
  if list == nil then list = {} end
  if type(list) ~= "table" then return unreadable(name, path, "an array", list) end
  for _, item in ipairs(list) do
    if type(item) ~= "table" then return unreadable(name, path, "objects", item) end
  end
  return list
end

-- What asks for the page after `reply`; nil at the end, which is an empty page, the page count or a missing token.
local function next_page(paging, asked, reply, list)
  if #list == 0 then return nil end
  if paging.scheme == "token" then
    local token = at(reply, paging.token)
    return type(token) == "string" and token ~= "" and { MaxResults = asked.MaxResults, NextToken = token } or nil
  end
  local count = at(reply, "PageCount")
  if type(count) == "number" and asked.CurrentPage >= count then return nil end
  return { CurrentPage = asked.CurrentPage + 1, ShowSize = asked.ShowSize }
end

local function first_page(paging, parameters)
  if paging.scheme == "token" then return { MaxResults = parameters.MaxResults or paging.size } end
  return { CurrentPage = 1, ShowSize = parameters.ShowSize or paging.size }
end

--- iterate(call, name, parameters) → an iterator of items, tables as the service sent them; at an error nil, message,
-- info. call(name, parameters) → reply | nil, message, info. An item whose Identifier was on one of the last pages is
-- not given out again.
function M.iterate(call, name, parameters)
  local paging = operations[name].paging
  local asked = first_page(paging, parameters)
  local list, i, page_number, failure = {}, 0, 0, nil
  local seen = {} -- Identifier → number of the page it was on last

  local function forget()
    for identifier, number in pairs(seen) do
      if number < page_number - REMEMBERED_PAGES then seen[identifier] = nil end
    end
  end

  local function turn_page()
    local all = {}
    for parameter, value in pairs(parameters) do all[parameter] = value end
    for parameter, value in pairs(asked) do all[parameter] = value end
    local reply, message, info = call(name, all)
    local found = reply
    if reply then found, message, info = items_of(name, reply) end
    if not found then
      failure = { message, info }
      return
    end
    asked = next_page(paging, asked, reply, found)
    list, i, page_number = found, 0, page_number + 1
    forget()
  end

  local function is_new(item)
    local identifier = classify.present(item.Identifier)
    local known = identifier ~= nil and seen[identifier]
    if identifier ~= nil then seen[identifier] = page_number end
    return not known
  end

  return function()
    while not failure do
      i = i + 1
      local item = list[i]
      if item == nil then
        if not asked then return nil end
        turn_page()
      elseif is_new(item) then
        return item
      end
    end
    return nil, failure[1], failure[2]
  end
end

return M
